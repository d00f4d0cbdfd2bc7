"""Cercarbono, from EcoRegistry: projects, issuances, retirements.

An issuance lists the serial of a whole block and how many it holds; a retirement has its range
in `from` and `to`. Places and labels are lists of records, written as Python does.
"""

import ast
from typing import Any

from apps.registry.countries import country_code
from apps.registry.imports.cells import calendar_date, one_line
from apps.registry.imports.facts import (
    NAME_LIMIT_CHARS,
    RETIREMENT,
    STATUS_LIMIT_CHARS,
    TYPE_LIMIT_CHARS,
    check_serial,
    ending_of,
    number_of,
)
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import BlockRow, EntryRow, ProjectFacts, ProjectRow, VintageFacts
from apps.registry.refusals import RowRefused
from apps.registry.serials import cercarbono

REGISTRY = cercarbono.REGISTRY
_UNKNOWN = {"not defined", "not assigned", "none", "nan"}


def _records(cells: Cells, column: str) -> list[dict[str, Any]]:
    text = cells.optional(column)
    try:
        found = ast.literal_eval(text) if text else []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise RowRefused("value_nested", column=column, found=text[:100])
    return found


def _known(cells: Cells, column: str, limit_chars: int) -> str:
    text = cells.optional(column, limit_chars=limit_chars)
    return "" if text.casefold() in _UNKNOWN else text


def _country(cells: Cells) -> str:
    """Where all places of a project are; empty for places in several countries, or none."""
    names = {one_line(str(place.get("country") or "")) for place in _records(cells, "locations")}
    codes = set()
    for name in names - {""}:
        if not (code := country_code(name)):
            raise RowRefused("country_unknown", found=name)
        codes.add(code)
    return codes.pop() if len(codes) == 1 else ""


def _project(cells: Cells) -> ProjectRow:
    sectors = (record.get("description") for record in _records(cells, "sector"))
    method = _known(cells, "quantification_method", TYPE_LIMIT_CHARS)
    facts = ProjectFacts(
        number=number_of(cells, "id"),
        name=cells.text("name", limit_chars=NAME_LIMIT_CHARS),
        country=_country(cells),
        project_type="; ".join(one_line(str(s)) for s in sectors if s)[:TYPE_LIMIT_CHARS],
        methodologies=(method,) if method else (),
        proponent=_known(cells, "developer", NAME_LIMIT_CHARS),
        status=_known(cells, "stage", STATUS_LIMIT_CHARS),
        description=cells.optional("description"),
    )
    return ProjectRow(cells.line, REGISTRY, facts)


def _issuance(cells: Cells) -> BlockRow:
    tonnes = cells.whole_number("issued_quantity")
    serial = cercarbono.whole(cells.text("serial"), tonnes)
    year = cells.year("year")
    check_serial(serial, tonnes=tonnes, year=year)
    labels = (record.get("description") for record in _records(cells, "elegible"))
    return BlockRow(
        line=cells.line,
        serial=serial,
        project=ProjectFacts(number=serial.project, name="", country=serial.country or ""),
        vintage=_vintage(cells, year),
        issued_on=cells.date("issuance_date"),
        certifications=tuple(dict.fromkeys(one_line(str(label)) for label in labels if label)),
        ending=None,
    )


def _vintage(cells: Cells, year: int) -> VintageFacts:
    """`2018-11-16 / 2018-12-31`"""
    text = cells.text("vintage_of_credits")
    start_text, _separator, end_text = text.partition(" / ")
    start, end = calendar_date(start_text), calendar_date(end_text)
    if start is None or end is None:
        raise RowRefused("value_date", column="vintage_of_credits", found=text)
    if end < start:
        raise RowRefused("value_period", start=start, end=end)
    return VintageFacts(start=start, end=end, year=year)


def _retirement(cells: Cells) -> EntryRow:
    first, last = cells.count("from"), cells.count("to")
    serial = cercarbono.serial_of(cells.text("serial"), first, last)
    number, year = number_of(cells, "project_id"), cells.year("vintage")
    check_serial(serial, tonnes=cells.whole_number("quantity"), number=number, year=year)
    name = cells.optional("project_name", limit_chars=NAME_LIMIT_CHARS)
    return ending_of(
        cells,
        serial,
        kind=RETIREMENT,
        project=ProjectFacts(number=number, name=name, country=serial.country or ""),
        on="date",
        year=year,
        beneficiary="end_user",
        reason="certificate_destination",
        details="passive_subject",
    )


CERCARBONO_FORMATS = (
    CsvFormat(
        registry=REGISTRY,
        kind="retirements",
        columns=frozenset({"project_id", "serial", "vintage", "date", "quantity", "from", "to"}),
        dates=("date",),
        says=EntryRow,
        row_of=_retirement,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="issuances",
        columns=frozenset(
            {"serial", "issued_quantity", "issuance_date", "year", "vintage_of_credits"}
        ),
        dates=("issuance_date",),
        says=BlockRow,
        row_of=_issuance,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="projects",
        columns=frozenset({"id", "code", "name", "stage", "locations", "quantification_method"}),
        says=ProjectRow,
        row_of=_project,
    ),
)

"""Cercarbono, from EcoRegistry: projects, issuances, retirements.

An issuance lists the serial of a whole block and how many it holds; a retirement has its range
in `from` and `to`. Places and labels are lists of records, written as Python does.
"""

import ast
from typing import Any

from apps.registry.countries import country_code
from apps.registry.imports.cells import (
    calendar_date,
    goal_labels,
    goals,
    one_line,
    place,
    whole_number,
)
from apps.registry.imports.facts import (
    NAME_LIMIT_CHARS,
    RETIREMENT,
    STATUS_LIMIT_CHARS,
    TYPE_LIMIT_CHARS,
    check_serial,
    ending_of,
    number_of,
)
from apps.registry.imports.further import further_facts, said
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import BlockRow, EntryRow, ProjectFacts, ProjectRow, VintageFacts
from apps.registry.refusals import RowRefused
from apps.registry.serials import cercarbono

REGISTRY = cercarbono.REGISTRY


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
    return said(text)


def _country(places: list[dict[str, Any]]) -> str:
    """Where all places of a project are; empty for places in several countries, or none."""
    codes = set()
    for name in _named(places, "country"):
        if not (code := country_code(name)):
            raise RowRefused("country_unknown", found=name)
        codes.add(code)
    return codes.pop() if len(codes) == 1 else ""


def _named(records: list[dict[str, Any]], key: str) -> list[str]:
    """What the records say under `key`, each once and in order."""
    found = (one_line(str(record.get(key) or "")) for record in records)
    return list(dict.fromkeys(text for text in found if said(text)))


def _project(cells: Cells) -> ProjectRow:
    method = _known(cells, "quantification_method", TYPE_LIMIT_CHARS)
    places = _records(cells, "locations")
    # A project of several places is shown by their names alone.
    where = places[0].get("data_map") if len(places) == 1 else None
    point = where if isinstance(where, dict) else {}
    latitude, longitude = place(point.get("latitude"), point.get("longitude"))
    facts = ProjectFacts(
        number=number_of(cells, "id"),
        name=cells.text("name", limit_chars=NAME_LIMIT_CHARS),
        country=_country(places),
        project_type="; ".join(_named(_records(cells, "sector"), "description"))[:TYPE_LIMIT_CHARS],
        methodologies=(method,) if method else (),
        proponent=_known(cells, "developer", NAME_LIMIT_CHARS),
        status=_known(cells, "stage", STATUS_LIMIT_CHARS),
        description=cells.optional("description"),
        region="; ".join(_named(places, "region")),
        location="; ".join(_named(places, "city")),
        latitude=latitude,
        longitude=longitude,
        # 0.0 stands where nothing was estimated; some have fractions of a tonne.
        estimated_annual_tonnes=whole_number(cells.optional("annualestimated")) or None,
        further=further_facts(
            cells,
            owner="owner",
            validator="validator",
            verifier="verifier",
            standard="standard",
            criteria="evaluation_criteria",
            credits_type="credits_type",
        ),
    )
    return ProjectRow(cells.line, REGISTRY, facts)


def _labels(cells: Cells) -> tuple[str, ...]:
    """What the credits may be used for, and the goals that they serve."""
    uses = _named(_records(cells, "elegible"), "description")
    codes = " ; ".join(_named(_records(cells, "global_goals"), "code"))
    return (*uses, *goal_labels(goals(codes)))


def _issuance(cells: Cells) -> BlockRow:
    tonnes = cells.whole_number("issued_quantity")
    serial = cercarbono.whole(cells.text("serial"), tonnes)
    year = cells.year("year")
    check_serial(serial, tonnes=tonnes, year=year)
    return BlockRow(
        line=cells.line,
        serial=serial,
        project=ProjectFacts(number=serial.project, name="", country=serial.country or ""),
        vintage=_vintage(cells, year),
        issued_on=cells.date("issuance_date"),
        certifications=_labels(cells),
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

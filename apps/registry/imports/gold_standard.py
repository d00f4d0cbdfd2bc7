"""Gold Standard: projects, issuances, and retirements with cancellations in one file.

An issuance is a block with its serials, Gold Standard's own or CERs that it labelled. A CER names
its project by the number that the CDM gave it, so that only the column tells Gold Standard's. A
period of several years is split by vintage; a row without period is of its calendar year.
Cancellations bear no date.
"""

from datetime import date

from apps.registry.imports.cells import one_line
from apps.registry.imports.facts import (
    CANCELLATION,
    LABEL_LIMIT_CHARS,
    RETIREMENT,
    check_serial,
    ending_of,
    facts_of,
    number_of,
)
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import BlockRow, EntryRow, ProjectFacts, ProjectRow, VintageFacts
from apps.registry.refusals import RowRefused
from apps.registry.serials import Serial, parse
from apps.registry.serials.cer import CerSerial

REGISTRY = "gold-standard"
_KINDS = {"retired": RETIREMENT, "canceled": CANCELLATION, "cancelled": CANCELLATION}


def _facts(cells: Cells, *, is_list: bool = False) -> ProjectFacts:
    return facts_of(
        cells,
        number_of(cells, "gsid", prefix="GS"),
        name="project name",
        country="country",
        project_type="project type",
        methodology="methodology",
        proponent="project developer name" if is_list else "project developer",
        status="status" if is_list else "",
        description="description",
        goals_in="sustainable development goals",
        annual_tonnes="estimated annual credits",
        further={
            "scale": "size",
            "programme": "programme of activities",
            "programme_id": "poa gsid",
        },
    )


def _project(cells: Cells) -> ProjectRow:
    return ProjectRow(cells.line, REGISTRY, _facts(cells, is_list=True))


def _serial(cells: Cells, project: ProjectFacts, year: int) -> Serial:
    serial = parse(cells.text("serial number"), registry=REGISTRY)
    number = None if isinstance(serial, CerSerial) else project.number
    check_serial(serial, tonnes=cells.whole_number("quantity"), number=number, year=year)
    return serial


def _labels(cells: Cells) -> tuple[str, ...]:
    """`ICVCM CCP, Emission Reduction`, and what the host country authorised."""
    labels = (one_line(label) for label in cells.optional("label").split(","))
    authorised = cells.optional("article six authorization")
    if authorised.casefold() in ("", "not applicable"):
        return tuple(filter(None, labels))
    return (*filter(None, labels), f"Article 6: {authorised}"[:LABEL_LIMIT_CHARS])


def _issuance(cells: Cells) -> BlockRow:
    if (status := cells.text("credit status")).casefold() in _KINDS:
        # A list of endings that lacks their dates is not one of issuances.
        raise RowRefused("value_status", found=status)
    project, year = _facts(cells), cells.year("vintage")
    start = cells.optional_date("monitoring period start") or date(year, 1, 1)
    end = cells.optional_date("monitoring period end") or date(year, 12, 31)
    if end < start:
        raise RowRefused("value_period", start=start, end=end)
    return BlockRow(
        line=cells.line,
        serial=_serial(cells, project, year),
        project=project,
        vintage=VintageFacts(start=start, end=end, year=year),
        issued_on=cells.date("issuance date"),
        certifications=_labels(cells),
        ending=None,
    )


def _ending(cells: Cells) -> EntryRow:
    status = cells.text("credit status")
    if not (kind := _KINDS.get(status.casefold())):
        raise RowRefused("value_status", found=status)
    project, year = _facts(cells), cells.year("vintage")
    return ending_of(
        cells,
        _serial(cells, project, year),
        kind=kind,
        project=project,
        on="retirement date",
        year=year,
        beneficiary="using entity",
        reason="use case",
        details="note",
        labels=_labels(cells),
        is_dated=kind == RETIREMENT,
    )


_SERIALS = frozenset(
    {"vintage", "quantity", "gsid", "project name", "country", "serial number", "credit status"}
)
GOLD_STANDARD_FORMATS = (
    CsvFormat(
        registry=REGISTRY,
        kind="retirements",
        columns=_SERIALS | {"retirement date"},
        dates=("issuance date", "retirement date"),
        says=EntryRow,
        row_of=_ending,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="issuances",
        columns=_SERIALS | {"issuance date"},
        dates=("issuance date", "monitoring period start", "monitoring period end"),
        says=BlockRow,
        row_of=_issuance,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="projects",
        columns=frozenset({"gsid", "project name", "status", "country"}),
        aliases={"project developer": "project developer name"},
        says=ProjectRow,
        row_of=_project,
    ),
)

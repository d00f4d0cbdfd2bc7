"""Climate Action Reserve: projects, issuances, retirements, cancellations.

Dates are month first. An issuance has neither serials nor an id: project, day and vintage name
it. A cancellation may be a conversion into compliance credits or into VCUs, which come again in
the files of those registries.
"""

from functools import partial

from apps.registry.imports.facts import (
    CANCELLATION,
    GRAMS_PER_TONNE,
    ISSUANCE,
    RETIREMENT,
    check_serial,
    ending_of,
    facts_of,
    number_of,
)
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import EntryRow, ProjectFacts, ProjectRow
from apps.registry.serials import parse

REGISTRY = "car"


def _facts(cells: Cells, *, status: str = "") -> ProjectFacts:
    return facts_of(
        cells,
        number_of(cells, "project id", prefix="CAR"),
        name="project name",
        country="project site country",
        project_type="project type",
        methodology="protocol and version",
        proponent="project developer",
        status=status,
    )


def _project(cells: Cells) -> ProjectRow:
    return ProjectRow(cells.line, REGISTRY, _facts(cells, status="status"))


def _issuance(cells: Cells) -> EntryRow:
    project, on, year = _facts(cells), cells.date("date issued"), cells.year("vintage")
    return EntryRow(
        line=cells.line,
        registry=REGISTRY,
        kind=ISSUANCE,
        reference=f"CAR{project.number} {on} {year}",
        is_reference_own=False,
        serial=None,
        project=project,
        on=on,
        grams=cells.count("total offset credits issued") * GRAMS_PER_TONNE,
        year=year,
    )


def _ending(cells: Cells, *, kind: str) -> EntryRow:
    project, year = _facts(cells), cells.year("vintage")
    serial = parse(cells.text("offset credit serial numbers"), registry=REGISTRY)
    tonnes = cells.whole_number("quantity of offset credits")
    check_serial(serial, tonnes=tonnes, number=project.number, year=year)
    is_retirement = kind == RETIREMENT
    return ending_of(
        cells,
        serial,
        kind=kind,
        project=project,
        on="status effective",
        year=year,
        reason="retirement reason" if is_retirement else "cancellation reason",
        details="retirement reason details" if is_retirement else "export notes",
    )


_SERIALS = frozenset(
    {
        "offset credit serial numbers",
        "vintage",
        "quantity of offset credits",
        "status effective",
        "project id",
        "project name",
        "project site country",
    }
)
CAR_FORMATS = (
    CsvFormat(
        registry=REGISTRY,
        kind="retirements",
        columns=_SERIALS | {"retirement reason"},
        says=EntryRow,
        row_of=partial(_ending, kind=RETIREMENT),
        is_day_first=False,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="cancellations",
        columns=_SERIALS | {"cancellation reason"},
        says=EntryRow,
        row_of=partial(_ending, kind=CANCELLATION),
        is_day_first=False,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="issuances",
        columns=frozenset(
            {
                "date issued",
                "vintage",
                "total offset credits issued",
                "project id",
                "project name",
                "project site country",
            }
        ),
        says=EntryRow,
        row_of=_issuance,
        is_day_first=False,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="projects",
        columns=frozenset(
            {
                "project id",
                "project name",
                "project type",
                "project site country",
                "status",
                "offset project operator",
                "project listed date",
            }
        ),
        says=ProjectRow,
        row_of=_project,
        is_day_first=False,
    ),
)

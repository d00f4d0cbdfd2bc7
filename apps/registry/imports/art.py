"""Architecture for REDD+ Transactions, and the FCPF's credits in its registry.

Dates are month first. An issuance has neither serials nor an id: program, day and vintage name
it; its quantity includes what went to the buffer.
"""

from functools import partial

from apps.registry.imports.facts import (
    CANCELLATION,
    CCP,
    CORSIA_FIRST,
    CORSIA_PILOT,
    GRAMS_PER_TONNE,
    ISSUANCE,
    RETIREMENT,
    buffer_grams,
    check_serial,
    ending_of,
    facts_of,
    labels_of,
    number_of,
)
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import EntryRow, ProjectFacts, ProjectRow
from apps.registry.serials import parse

REGISTRY = "art"


_LABELS = {
    "corsia eligible": "CORSIA Eligible",
    "eligible for corsia 2021-2023 compliance period (pilot phase)": CORSIA_PILOT,
    "eligible for corsia 2024-2026 compliance period (first phase)": CORSIA_FIRST,
    "ccp approved": CCP,
}


def _facts(cells: Cells, *, is_list: bool = False) -> ProjectFacts:
    return facts_of(
        cells,
        number_of(cells, "program id", prefix="ART"),
        name="program name",
        country="program country",
        project_type="program type",
        methodology="crediting program and standard",
        proponent="sovereign program developer",
        status="status" if is_list else "",
        crediting_start="initial crediting period start date" if is_list else "",
        region="program jurisdiction(s)",
        website="program website",
        further={"verifier": "verification body", "notes": "program notes"} if is_list else None,
    )


def _project(cells: Cells) -> ProjectRow:
    return ProjectRow(cells.line, REGISTRY, _facts(cells, is_list=True))


def _issuance(cells: Cells) -> EntryRow:
    project, on, year = _facts(cells), cells.date("date approved"), cells.year("vintage")
    return EntryRow(
        line=cells.line,
        registry=REGISTRY,
        kind=ISSUANCE,
        reference=f"ART{project.number} {on} {year}",
        is_reference_own=False,
        serial=None,
        project=project,
        on=on,
        grams=cells.count("total emission reductions/removals") * GRAMS_PER_TONNE,
        year=year,
        labels=labels_of(cells, _LABELS),
        buffer_grams=buffer_grams(cells, "credits deposited in buffer"),
    )


def _ending(cells: Cells, *, kind: str) -> EntryRow:
    project, year = _facts(cells), cells.year("vintage")
    serial = parse(cells.text("credit serial numbers"), registry=REGISTRY)
    tonnes = cells.whole_number("quantity of credits")
    check_serial(serial, tonnes=tonnes, number=project.number, year=year)
    is_retirement = kind == RETIREMENT
    return ending_of(
        cells,
        serial,
        kind=kind,
        project=project,
        on="status effective",
        year=year,
        beneficiary="retired on behalf of",
        reason="retirement reason" if is_retirement else "cancellation reason",
        details="purpose of retirement" if is_retirement else "cancellation details",
        labels=labels_of(cells, _LABELS),
    )


_ALIASES = {"retirement reason details": "purpose of retirement", "program status": "status"}
_SERIALS = frozenset(
    {
        "credit serial numbers",
        "vintage",
        "quantity of credits",
        "status effective",
        "program id",
        "program name",
        "program country",
    }
)
ART_FORMATS = (
    CsvFormat(
        registry=REGISTRY,
        kind="retirements",
        columns=_SERIALS | {"retirement reason"},
        aliases=_ALIASES,
        says=EntryRow,
        row_of=partial(_ending, kind=RETIREMENT),
        is_day_first=False,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="cancellations",
        columns=_SERIALS | {"cancellation reason"},
        aliases=_ALIASES,
        says=EntryRow,
        row_of=partial(_ending, kind=CANCELLATION),
        is_day_first=False,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="issuances",
        columns=frozenset(
            {
                "date approved",
                "vintage",
                "total emission reductions/removals",
                "program id",
                "program name",
                "program country",
            }
        ),
        aliases=_ALIASES,
        says=EntryRow,
        row_of=_issuance,
        is_day_first=False,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="projects",
        columns=frozenset({"program id", "program name", "program country", "status"}),
        aliases=_ALIASES,
        says=ProjectRow,
        row_of=_project,
        is_day_first=False,
    ),
)

"""American Carbon Registry: projects, issuances, retirements, cancellations.

Dates are month first. An issuance has neither serials nor an id: project, day, vintage and
reporting period name it. A cancellation may be a conversion into compliance credits, which come
again in ARB's own file.
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

REGISTRY = "acr"


_FURTHER = {
    "compliance_id": "compliance program id (arb or ecology)",
    "compliance_status": "compliance program status (arb or ecology)",
    "status_since": "project status date",
    "first_crediting_start": "initial crediting period start date",
    "verifier": "current vvb",
    "validator": "acr project validation",
    "credits_registered": "total number of credits registered",
}
_LABELS = {
    "arb eligible": "ARB Eligible",
    "ecology eligible": "Ecology Eligible",
    "corsia eligible": "CORSIA Eligible",
    "eligible for corsia 2021-2023 compliance period (pilot phase)": CORSIA_PILOT,
    "eligible for corsia 2024-2026 compliance period (first phase)": CORSIA_FIRST,
    "ccp approved": CCP,
    "verified removal": "Verified Removal",
}


def _facts(cells: Cells, *, is_list: bool = False) -> ProjectFacts:
    return facts_of(
        cells,
        number_of(cells, "project id", prefix="ACR"),
        name="project name",
        country="project site country",
        project_type="project type",
        methodology="project methodology/protocol",
        proponent="project developer",
        status="voluntary status" if is_list else "",
        crediting_start="current crediting period start date" if is_list else "",
        crediting_end="current crediting period end date" if is_list else "",
        goals_in="sustainable development goal(s)",
        region="project site state",
        location="project site location",
        website="project website",
        further=_FURTHER if is_list else None,
    )


def _project(cells: Cells) -> ProjectRow:
    return ProjectRow(cells.line, REGISTRY, _facts(cells, is_list=True))


def _issuance(cells: Cells) -> EntryRow:
    project, on, year = _facts(cells), cells.date("date issued (gmt)"), cells.year("vintage")
    start = cells.optional_date("reportingperiodbegin")
    end = cells.optional_date("reportingperiodend")
    return EntryRow(
        line=cells.line,
        registry=REGISTRY,
        kind=ISSUANCE,
        reference=f"ACR{project.number} {on} {year} {start or ''}..{end or ''}",
        is_reference_own=False,
        serial=None,
        project=project,
        on=on,
        grams=cells.count("total credits issued") * GRAMS_PER_TONNE,
        year=year,
        period_start=start,
        period_end=end,
        labels=labels_of(cells, _LABELS),
        buffer_grams=buffer_grams(cells, "credits issued to buffer pool"),
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
        on="status effective (gmt)",
        year=year,
        beneficiary="retired on behalf of",
        reason="retirement reason" if is_retirement else "cancellation type",
        details="purpose of retirement" if is_retirement else "cancellation details",
        labels=labels_of(cells, _LABELS),
    )


# Earlier exports had shorter names.
_ALIASES = {
    "status effective": "status effective (gmt)",
    "date issued": "date issued (gmt)",
    "retirement reason details": "purpose of retirement",
    "cancellation reason": "cancellation type",
    "project status": "voluntary status",
}
_SERIALS = frozenset(
    {
        "credit serial numbers",
        "vintage",
        "quantity of credits",
        "status effective (gmt)",
        "project id",
        "project name",
        "project site country",
    }
)
ACR_FORMATS = (
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
        columns=_SERIALS | {"cancellation type"},
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
                "date issued (gmt)",
                "vintage",
                "total credits issued",
                "project id",
                "project name",
                "project site country",
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
        columns=frozenset(
            {
                "project id",
                "project name",
                "project type",
                "project site country",
                "voluntary status",
                "current crediting period start date",
            }
        ),
        aliases=_ALIASES,
        says=ProjectRow,
        row_of=_project,
        is_day_first=False,
    ),
)

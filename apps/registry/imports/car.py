"""Climate Action Reserve: projects, issuances, retirements, cancellations.

Dates are month first. An issuance has neither serials nor an id: project, day and vintage name
it. A cancellation may be a conversion into compliance credits or into VCUs, which come again in
the files of those registries.
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

REGISTRY = "car"


_FURTHER = {
    "owner": "project owner",
    "operator": "offset project operator",
    "designee": "authorized project designee",
    "verifier": "verification body",
    "aggregate_id": "cooperative/ aggregate id",
    "compliance_id": "compliance program id",
    "compliance_status": "compliance program status",
    "arb_id": "arb id",
    "arb_status": "arb project status",
    "ecology_id": "wa eco",
    "ecology_status": "wa eco project status",
    "certifications": "additional certification(s)",
    "listed_on": "project listed date",
    "credits_registered": "total number of offset credits registered",
    "notes": "project notes",
}
_LABELS = {
    "arb eligible": "ARB Eligible",
    "wa eco eligible": "Ecology Eligible",
    "eligible for corsia 2021-2023 compliance period": CORSIA_PILOT,
    "eligible for corsia 2024-2026 compliance period": CORSIA_FIRST,
    "corsia eligible": "CORSIA Eligible",
    "corresponding adjustment": "Corresponding Adjustment",
    "ccp approved": CCP,
}


def _facts(cells: Cells, *, is_list: bool = False) -> ProjectFacts:
    return facts_of(
        cells,
        number_of(cells, "project id", prefix="CAR"),
        name="project name",
        country="project site country",
        project_type="project type",
        methodology="protocol and version",
        proponent="project developer",
        status="status" if is_list else "",
        afolu="activity area type",
        goals_in="sdg impact",
        region="project site state",
        location="project site location",
        website="project website",
        registered_on="project registered date",
        further=_FURTHER if is_list else None,
    )


def _project(cells: Cells) -> ProjectRow:
    return ProjectRow(cells.line, REGISTRY, _facts(cells, is_list=True))


def _labels(cells: Cells) -> tuple[str, ...]:
    certified = cells.items("additional certification(s)")
    return tuple(
        dict.fromkeys((*labels_of(cells, _LABELS, words=("reduction/removal",)), *certified))
    )


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
        labels=_labels(cells),
        buffer_grams=buffer_grams(
            cells,
            "offset credits currently in reserve buffer pool",
            "offset credits intended for compliance buffer pool",
        ),
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
        labels=_labels(cells),
    )


# What earlier and later exports call them.
_ALIASES = {
    "protocol version": "protocol and version",
    "icvcm ccp eligible": "ccp approved",
    "offset credits intended for arb buffer pool": (
        "offset credits intended for compliance buffer pool"
    ),
    "authorised project designee": "authorized project designee",
}
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
                "date issued",
                "vintage",
                "total offset credits issued",
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
                "status",
                "project listed date",
            }
        ),
        aliases=_ALIASES,
        says=ProjectRow,
        row_of=_project,
        is_day_first=False,
    ),
)

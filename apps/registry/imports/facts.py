"""What the rows of several registries have in common: facts of a project, endings of serials."""

from collections.abc import Mapping

from apps.registry.imports.cells import goals, whole_number
from apps.registry.imports.further import further_facts, said
from apps.registry.imports.reading import Cells
from apps.registry.imports.rows import EntryRow, ProjectFacts
from apps.registry.models import RegistryEntry
from apps.registry.refusals import RowRefused
from apps.registry.serials import Serial

GRAMS_PER_TONNE = 1_000_000
ISSUANCE = RegistryEntry.Kind.ISSUANCE.value
RETIREMENT = RegistryEntry.Kind.RETIREMENT.value
CANCELLATION = RegistryEntry.Kind.CANCELLATION.value

# What a column that says yes is called among the labels of a credit.
CCP = "CCP Approved"
CORSIA_PILOT = "Eligible for CORSIA 2021-2023 Compliance Period"
CORSIA_FIRST = "Eligible for CORSIA 2024-2026 Compliance Period"

# What the columns of the database hold.
NAME_LIMIT_CHARS = 400
TYPE_LIMIT_CHARS = 200
STATUS_LIMIT_CHARS = 80
LABEL_LIMIT_CHARS = 200
_NUMBER_LIMIT_CHARS = 40

Labels = tuple[str, ...]


def number_of(cells: Cells, column: str, *, prefix: str = "") -> str:
    """A project's number without the registry's `prefix`: `ACR731` is 731, `11191.0` is 11191."""
    text = cells.text(column, limit_chars=_NUMBER_LIMIT_CHARS)
    digits = text.upper().removeprefix(prefix).removesuffix(".0")
    if not digits.isascii() or not digits.isdigit():
        raise RowRefused("value_project", column=column, found=text)
    return digits


def facts_of(
    cells: Cells,
    number: str,
    *,
    name: str,
    country: str,
    project_type: str = "",
    methodology: str = "",
    proponent: str = "",
    status: str = "",
    description: str = "",
    crediting_start: str = "",
    crediting_end: str = "",
    afolu: str = "",
    goals_in: str = "",
    region: str = "",
    location: str = "",
    website: str = "",
    registered_on: str = "",
    annual_tonnes: str = "",
    further: Mapping[str, str] | None = None,
) -> ProjectFacts:
    """The project `number`, each fact from the column named."""
    return ProjectFacts(
        number=number,
        name=cells.text(name, limit_chars=NAME_LIMIT_CHARS),
        country=cells.country(country),
        project_type=cells.optional(project_type, limit_chars=TYPE_LIMIT_CHARS),
        methodologies=cells.items(methodology),
        proponent=cells.optional(proponent, limit_chars=NAME_LIMIT_CHARS),
        status=cells.optional(status, limit_chars=STATUS_LIMIT_CHARS),
        description=cells.optional(description),
        crediting_start=cells.optional_date(crediting_start),
        crediting_end=cells.optional_date(crediting_end),
        # Empty places in a list of activities are filled with N/A.
        afolu_activities=tuple(item for item in cells.items(afolu) if said(item)),
        sdgs=goals(cells.optional(goals_in)),
        region=cells.optional(region),
        location=cells.optional(location),
        website=said(cells.optional(website)),
        registered_on=cells.optional_date(registered_on),
        # An estimate that is no whole number is no reason to refuse a project.
        estimated_annual_tonnes=whole_number(cells.optional(annual_tonnes)),
        further=further_facts(cells, **(further or {})),
    )


def labels_of(cells: Cells, yes: Mapping[str, str], *, words: tuple[str, ...] = ()) -> Labels:
    """Labels in the registry's words: the label of each column of `yes` that says so, and the
    cells of the columns `words` themselves.
    """
    said_yes = (label for column, label in yes.items() if cells.is_yes(column))
    found = (cells.optional(column, limit_chars=LABEL_LIMIT_CHARS) for column in words)
    return tuple(dict.fromkeys((*said_yes, *filter(None, found))))


def buffer_grams(cells: Cells, *columns: str) -> int | None:
    """The sum of the columns, which are in tonnes; None where the row says none of them."""
    tonnes = [whole_number(cells.optional(column)) for column in columns]
    known = [count for count in tonnes if count is not None]
    return sum(known) * GRAMS_PER_TONNE if known else None


def check_serial(
    serial: Serial, *, tonnes: int, number: str | None = None, year: int | None = None
) -> None:
    """Raise `RowRefused` unless the other columns repeat what the serial says."""
    if tonnes != serial.quantity:
        raise RowRefused("quantity_mismatch", quantity=tonnes, serials=serial.quantity)
    if number is not None and number != serial.project:
        raise RowRefused("project_mismatch", found=number, expected=serial.project)
    if None not in (year, serial.vintage_year) and year != serial.vintage_year:
        raise RowRefused("vintage_mismatch", found=year, expected=serial.vintage_year)


def ending_of(
    cells: Cells,
    serial: Serial,
    *,
    kind: str,
    project: ProjectFacts,
    on: str,
    year: int,
    beneficiary: str = "",
    reason: str = "",
    details: str = "",
    labels: Labels = (),
    is_dated: bool = True,
) -> EntryRow:
    """The end of the whole run `serial`, each other fact from the column named.

    A row without a day is refused if `is_dated`.
    """
    return EntryRow(
        line=cells.line,
        registry=serial.registry,
        kind=kind,
        reference=str(serial),
        is_reference_own=True,
        serial=serial,
        project=project,
        on=cells.date(on) if is_dated else cells.optional_date(on),
        grams=serial.quantity * GRAMS_PER_TONNE,
        year=year,
        beneficiary=cells.optional(beneficiary),
        reason=cells.optional(reason),
        details=cells.optional(details),
        labels=labels,
    )

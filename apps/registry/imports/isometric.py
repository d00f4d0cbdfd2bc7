"""Isometric: projects, issuances, retirements, to the kilogram and without serials.

Every record has an id of its own. A quantity stands twice, in credits (tonnes) and in kilograms,
and the two must agree; what went to the buffer is part of it.
"""

from decimal import Decimal, InvalidOperation

from apps.registry.imports.cells import place, whole_number
from apps.registry.imports.facts import (
    ISSUANCE,
    NAME_LIMIT_CHARS,
    RETIREMENT,
    STATUS_LIMIT_CHARS,
    TYPE_LIMIT_CHARS,
)
from apps.registry.imports.further import further_facts
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import EntryRow, ProjectFacts, ProjectRow
from apps.registry.refusals import RowRefused
from apps.registry.serials.isometric import REGISTRY, identifier

GRAMS_PER_KILOGRAM = 1_000
_BUFFER_KILOGRAMS = "buffer_pool_credit_batch_size_total.credit_kgs"
_CREDITS, _KILOGRAMS = "credit_batch_size_total.credits", "credit_batch_size_total.credit_kgs"


def _grams(cells: Cells) -> int:
    kilograms = whole_number(cells.text(_KILOGRAMS))
    if kilograms is None:
        raise RowRefused("value_kilograms", column=_KILOGRAMS, found=cells.text(_KILOGRAMS))
    if credits_text := cells.optional(_CREDITS).replace(",", ""):
        try:
            tonnes = Decimal(credits_text)
        except InvalidOperation:
            raise RowRefused("value_quantity", column=_CREDITS, found=credits_text) from None
        if tonnes * 1_000 != kilograms:
            raise RowRefused("kilograms_mismatch", tonnes=credits_text, kilograms=kilograms)
    return kilograms * GRAMS_PER_KILOGRAM


def _buffer_grams(cells: Cells) -> int | None:
    kilograms = whole_number(cells.optional(_BUFFER_KILOGRAMS))
    return None if kilograms is None else kilograms * GRAMS_PER_KILOGRAM


def _project(cells: Cells) -> ProjectRow:
    latitude, longitude = place(
        cells.optional("location.latitude"), cells.optional("location.longitude")
    )
    protocol = cells.optional("protocol_slug", limit_chars=TYPE_LIMIT_CHARS)
    facts = ProjectFacts(
        number=identifier(cells.text("id"), "prj"),
        name=cells.text("name", limit_chars=NAME_LIMIT_CHARS),
        country=cells.country("country_code"),
        project_type=cells.optional("pathway", limit_chars=TYPE_LIMIT_CHARS),
        methodologies=(protocol,) if protocol else (),
        proponent=cells.optional("supplier.organisation.name", limit_chars=NAME_LIMIT_CHARS),
        status=cells.optional("status", limit_chars=STATUS_LIMIT_CHARS),
        crediting_start=cells.optional_date("crediting_period_start"),
        crediting_end=cells.optional_date("crediting_period_end"),
        description=cells.optional("supplier.short_description"),
        location=cells.optional("location.description"),
        website=cells.optional("supplier.organisation.domain"),
        latitude=latitude,
        longitude=longitude,
        further=further_facts(
            cells,
            validator="validator_name",
            verifier="current_verifier_name",
            process="process_key",
            short_code="short_code",
            page="url",
        ),
    )
    return ProjectRow(cells.line, REGISTRY, facts)


def _project_named(cells: Cells) -> ProjectFacts:
    return ProjectFacts(
        number=identifier(cells.text("project_id"), "prj"),
        name="",
        country="",
        proponent=cells.optional("supplier.organisation.name", limit_chars=NAME_LIMIT_CHARS),
    )


def _issuance(cells: Cells) -> EntryRow:
    return EntryRow(
        line=cells.line,
        registry=REGISTRY,
        kind=ISSUANCE,
        reference=identifier(cells.text("id"), "iss"),
        is_reference_own=True,
        serial=None,
        project=_project_named(cells),
        on=cells.date("issued_at"),
        grams=_grams(cells),
        buffer_grams=_buffer_grams(cells),
    )


def _retirement(cells: Cells) -> EntryRow:
    """One retirement may take from several projects, and days of storage: a row for each."""
    project = _project_named(cells)
    retirement = identifier(cells.text("retirement_id"), "ret")
    stored = cells.optional_date("sequestered_on")
    return EntryRow(
        line=cells.line,
        registry=REGISTRY,
        kind=RETIREMENT,
        reference=f"{retirement} {project.number} {stored or ''}".rstrip(),
        is_reference_own=True,
        serial=None,
        project=project,
        on=cells.date("retired_at"),
        grams=_grams(cells),
        period_start=stored,
        beneficiary=cells.optional("beneficiary.name"),
        reason=cells.optional("purposes").strip("[]").replace("'", ""),
        details=cells.optional("notes"),
    )


ISOMETRIC_FORMATS = (
    CsvFormat(
        registry=REGISTRY,
        kind="retirements",
        columns=frozenset({"retirement_id", "retired_at", "project_id", _KILOGRAMS}),
        says=EntryRow,
        row_of=_retirement,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="issuances",
        columns=frozenset({"id", "issued_at", "project_id", _KILOGRAMS}),
        says=EntryRow,
        row_of=_issuance,
    ),
    CsvFormat(
        registry=REGISTRY,
        kind="projects",
        columns=frozenset({"id", "name", "status", "country_code", "protocol_slug"}),
        says=ProjectRow,
        row_of=_project,
    ),
)

"""California Air Resources Board: compliance offset credits, one row for each issuance.

ARB publishes no serials but an id for each issuance. The credits were issued once before, by the
registry that the project reports to, and cancelled there on conversion: they are ARB's own here.
A row of a project without an issuance yet is refused for its missing id.
"""

from apps.registry.imports.facts import (
    GRAMS_PER_TONNE,
    ISSUANCE,
    NAME_LIMIT_CHARS,
    TYPE_LIMIT_CHARS,
    buffer_grams,
    labels_of,
)
from apps.registry.imports.further import further_facts
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import EntryRow, ProjectFacts

REGISTRY = "arb"


def _benefits(cells: Cells) -> tuple[str, ...]:
    """`DEBS` for direct benefits to California; `NO DEBS` and a dash are no label."""
    return tuple(
        text for text in labels_of(cells, {}, words=("provides debs",)) if text.startswith("DEBS")
    )


def _issuance(cells: Cells) -> EntryRow:
    return EntryRow(
        line=cells.line,
        registry=REGISTRY,
        kind=ISSUANCE,
        reference=cells.text("carb issuance id", limit_chars=60),
        is_reference_own=True,
        serial=None,
        project=ProjectFacts(
            number=cells.text("carb project id", limit_chars=40),
            name=cells.optional("offset project name", limit_chars=NAME_LIMIT_CHARS),
            # ARB credits projects in the United States alone.
            country="US",
            project_type=cells.optional("project type", limit_chars=TYPE_LIMIT_CHARS),
            proponent=cells.optional("offset project operator", limit_chars=NAME_LIMIT_CHARS),
            region=cells.optional("state"),
            further=further_facts(
                cells, verifier="verification body", page="project documentation"
            ),
        ),
        on=cells.date("issuance date"),
        grams=cells.count("arb offset credits issued") * GRAMS_PER_TONNE,
        year=cells.year("vintage"),
        period_start=cells.optional_date("reporting period start date"),
        period_end=cells.optional_date("reporting period end date"),
        details=cells.optional("comment"),
        labels=("ARB Eligible", *_benefits(cells)),
        buffer_grams=buffer_grams(cells, "forest buffer account contribution"),
    )


ARB_ISSUANCES = CsvFormat(
    registry=REGISTRY,
    kind="issuances",
    columns=frozenset(
        {
            "carb project id",
            "carb issuance id",
            "arb offset credits issued",
            "issuance date",
            "vintage",
        }
    ),
    aliases={
        "arb project id": "carb project id",
        "arb project id #": "carb project id",
        "arb issuance id": "carb issuance id",
        "carb offset credits issued": "arb offset credits issued",
        "offset credits issued": "arb offset credits issued",
    },
    says=EntryRow,
    row_of=_issuance,
    is_day_first=False,
)

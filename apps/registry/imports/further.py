"""What lists of projects say beyond the facts that every project has a column for.

A fact is kept under its name here in `Project.further`, in the registry's words.
"""

import re
from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.registry.imports.reading import Cells

FURTHER: Final[Mapping[str, str | Promise]] = {
    "owner": _("Owner"),
    "operator": _("Operator"),
    "designee": _("Authorised designee"),
    "validator": _("Validator"),
    "verifier": _("Verifier"),
    "standard": _("Standard"),
    "criteria": _("Evaluation criteria"),
    "world_region": _("World region"),
    "scale": _("Scale"),
    "programme": _("Programme of activities"),
    "programme_id": _("Programme's id"),
    "aggregate_id": _("Aggregate's id"),
    "compliance_id": _("Compliance program's id"),
    "compliance_status": _("Compliance program's status"),
    "arb_id": _("ARB's id"),
    "arb_status": _("ARB's status"),
    "ecology_id": _("Washington Ecology's id"),
    "ecology_status": _("Washington Ecology's status"),
    "status_since": _("Status since"),
    "listed_on": _("Listed"),
    "first_crediting_start": _("First crediting period from"),
    "credits_registered": _("Credits registered"),
    "credits_type": _("Kind of credits"),
    "certifications": _("Additional certifications"),
    "process": _("Process"),
    "short_code": _("Short code"),
    "page": _("Page"),
    "notes": _("Notes"),
}
# Ids and counts that went through a spreadsheet come back as floats: 11191.0
_FLOAT = re.compile(r"^([0-9]+)\.0$")
_SAYS_NOTHING = frozenset({"none", "nan", "n/a", "-", "–", "not defined", "not assigned"})


def further_facts(cells: Cells, **columns: str) -> dict[str, str]:
    """The facts by name, each from the column given for it, without those left empty."""
    assert columns.keys() <= FURTHER.keys(), "a name of FURTHER"
    found = {name: cells.optional(column) for name, column in columns.items()}
    return {name: _FLOAT.sub(r"\1", text) for name, text in found.items() if said(text)}


def said(text: str) -> str:
    """`text`, empty where it only says that nothing is said."""
    return "" if text.casefold() in _SAYS_NOTHING else text

"""What the registry did of some serials, in a sentence."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.registry.models import RegistryRetirement
from apps.registry.retiring import AtRegistry

State = RegistryRetirement.State


def at_registry_text(run: AtRegistry) -> str:
    """One sentence for a run of serials, as certificates have it."""
    serials = str(run.first) if run.is_one else f"{run.first} – {run.last}"
    if run.retired_on is not None:
        return _("%(serials)s: retired at the registry on %(date)s, reference %(reference)s") % {
            "serials": serials,
            "date": date_format(run.retired_on, "DATE_FORMAT"),
            "reference": run.reference,
        }
    if run.state == State.FILLING:
        return _(
            "%(serials)s: waits for its tonne to be full, %(percent)s %% so far; the registry "
            "retires whole tonnes"
        ) % {"serials": serials, "percent": run.percent}
    return _("%(serials)s: to be retired at the registry") % {"serials": serials}

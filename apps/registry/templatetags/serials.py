"""Serials, their standing and their registries in templates."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.registry.certificates.standing import at_registry_text
from apps.registry.models import Project, SerialBlock
from apps.registry.registries import project_url
from apps.registry.retiring import AtRegistry
from apps.registry.selectors import serial_of

register = template.Library()

STANDINGS: dict[str, Promise] = {
    "issued": _("With their holder at the registry"),
    "immobilised": _("In custody, behind balances"),
    "tokenised": _("Out as NFTs"),
    "reserved": _("Reserved for a withdrawal"),
    "retired": _("Retired"),
    "withdrawn": _("Withdrawn to their owner at the registry"),
    "cancelled": _("Cancelled"),
}


@register.filter
def standing_label(state: str) -> Promise:
    """Where grams of this state are, for people."""
    return STANDINGS[state]


@register.filter
def serial_at(block: SerialBlock, number: int) -> str:
    """The registry's spelling of one serial number of a block."""
    return serial_of(block, number, number)


@register.filter
def at_registry(run: AtRegistry) -> str:
    """What the registry did of some serials, in a sentence."""
    return at_registry_text(run)


@register.filter
def share_percent(hundredths: int) -> str:
    """Hundredths of a percent as a width: 1250 -> `12.50%`."""
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


@register.filter
def registry_page(project: Project) -> str:
    """The project's public page at its registry, or nothing where we know none."""
    try:
        return project_url(project.registry.code, project.registry_project_id)
    except KeyError:
        return ""

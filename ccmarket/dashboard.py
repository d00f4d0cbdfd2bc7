"""The first page of the admin: what staff must look into now stands above everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import ngettext

from apps.registry.services.alarms import open_alarms


class Notice(NamedTuple):
    """A sentence, and where one does something about it."""

    text: str
    url: str


def _custody_alarms(request: HttpRequest) -> Iterator[Notice]:
    if not request.user.has_perm("registry.view_custodyalarm"):
        return
    if number := open_alarms().count():
        text = ngettext(
            "%(number)s block in our custody is called retired or cancelled by its registry.",
            "%(number)s blocks in our custody are called retired or cancelled by their registry.",
            number,
        ) % {"number": number}
        yield Notice(text, reverse("admin:registry_custodyalarm_changelist") + "?open=yes")


SOURCES: Final[tuple[Callable[[HttpRequest], Iterator[Notice]], ...]] = (_custody_alarms,)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the admin's first page, with `notices`."""
    context["notices"] = [notice for source in SOURCES for notice in source(request)]
    return context

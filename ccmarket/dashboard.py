"""The first page of the admin: what staff must look into now stands above everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.verification import verifications_waiting
from apps.registry.reconciling import differences_open, registries_overdue
from apps.registry.retiring import items_overdue
from apps.registry.services.alarms import open_alarms
from apps.registry.withdrawing import withdrawals_overdue


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


def _registry_work(request: HttpRequest) -> Iterator[Notice]:
    if not request.user.has_perm("registry.view_registryretirement"):
        return
    if number := items_overdue().count():
        text = ngettext(
            "%(number)s retirement has waited for its registry for more than %(days)s days.",
            "%(number)s retirements have waited for their registry for more than %(days)s days.",
            number,
        ) % {"number": number, "days": settings.REGISTRY_WAIT_DAYS_MAX}
        yield Notice(text, reverse("admin:registry_registryretirement_changelist"))


def _withdrawals(request: HttpRequest) -> Iterator[Notice]:
    if not request.user.has_perm("registry.view_withdrawal"):
        return
    if number := withdrawals_overdue().count():
        text = ngettext(
            "%(number)s withdrawal has been open for more than %(days)s days.",
            "%(number)s withdrawals have been open for more than %(days)s days.",
            number,
        ) % {"number": number, "days": settings.REGISTRY_WAIT_DAYS_MAX}
        yield Notice(text, reverse("admin:registry_withdrawal_changelist"))


def _statements(request: HttpRequest) -> Iterator[Notice]:
    if not request.user.has_perm("registry.view_custodystatement"):
        return
    url = reverse("admin:registry_custodystatement_changelist")
    if number := differences_open().count():
        text = ngettext(
            "%(number)s run of serials differs between a registry's statement and our books.",
            "%(number)s runs of serials differ between registries' statements and our books.",
            number,
        ) % {"number": number}
        yield Notice(text, url)
    for registry in registries_overdue():
        text = _("No statement of our account at %(registry)s for more than %(days)s days.") % {
            "registry": registry,
            "days": settings.REGISTRY_WAIT_DAYS_MAX,
        }
        yield Notice(text, url)


def _verifications(request: HttpRequest) -> Iterator[Notice]:
    if not request.user.has_perm("accounts.view_verification"):
        return
    if number := verifications_waiting().count():
        text = ngettext(
            "%(number)s organisation waits to be verified.",
            "%(number)s organisations wait to be verified.",
            number,
        ) % {"number": number}
        url = reverse("admin:accounts_verification_changelist") + "?state__exact=filed"
        yield Notice(text, url)


SOURCES: Final[tuple[Callable[[HttpRequest], Iterator[Notice]], ...]] = (
    _custody_alarms,
    _registry_work,
    _withdrawals,
    _statements,
    _verifications,
)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the admin's first page, with `notices`."""
    context["notices"] = [notice for source in SOURCES for notice in source(request)]
    return context

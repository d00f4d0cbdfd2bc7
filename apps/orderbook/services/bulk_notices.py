"""Mails about bulk orders: to who has to approve, and to who asked, when there is news.

The rows say what the news is, and `told` what of it was mailed: a sweep mails the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.amounts import text_from_micro
from apps.accounts.models import User
from apps.accounts.roles import members_for
from apps.accounts.services.mailing import mail_news
from apps.accounts.services.spending import APPROVERS
from apps.orderbook.models import BulkExecution, BulkOrder

State = BulkOrder.State
AT_ONCE_MAX: Final = 100
ASKED, TURNED_DOWN, PAUSED, DONE, CANCELLED = "asked", "turned_down", "paused", "done", "cancelled"

_DUE: Final = (
    (Q(decision="rejected") & ~Q(told=TURNED_DOWN))
    | (Q(order__state=State.ASKED, decision="pending") & ~Q(told=ASKED))
    # A member who paused it knows.
    | (
        Q(order__state=State.PAUSED)
        & ~Q(pause__in=[BulkExecution.Pause.ASKED, BulkExecution.Pause.NONE])
        & ~Q(told=PAUSED)
    )
    | (Q(order__state=State.DONE) & ~Q(told=DONE) & ~Q(decision="rejected"))
    | (Q(order__state=State.CANCELLED, ended_at__isnull=False) & ~Q(told=CANCELLED))
)


def bulk_notices_send() -> None:
    """Mails what is new, a hundred orders at a time."""
    due = BulkExecution.objects.filter(_DUE).select_related(
        "order__owner__organisation", "order__quote", "proposed_by", "brought_by"
    )
    for execution in due.order_by("pk")[:AT_ONCE_MAX]:
        _tell(execution)


def _tell(execution: BulkExecution) -> None:
    news = _news(execution)
    subject, text = _words(execution, news)
    readers = _readers(execution, news)
    mail_news(execution, told=execution.told, news=news, to=readers, subject=subject, text=text)


def _news(execution: BulkExecution) -> str:
    return TURNED_DOWN if execution.decision == "rejected" else str(execution.order.state)


def _readers(execution: BulkExecution, news: str) -> Iterator[User]:
    own = {execution.proposed_by, execution.brought_by}
    if news != ASKED:
        yield from (person for person in own if person.is_active)
        return
    members = members_for(execution.order.owner).filter(role__in=APPROVERS, user__is_active=True)
    for member in members.select_related("user").order_by("pk"):
        if member.user not in own:
            yield member.user


def _words(execution: BulkExecution, news: str) -> tuple[str, str]:
    """Subject and text."""
    order = execution.order
    subjects = {
        ASKED: _("%(name)s waits for your approval"),
        TURNED_DOWN: _("%(name)s was turned down"),
        PAUSED: _("%(name)s is paused"),
        DONE: _("%(name)s is carried out"),
        CANCELLED: _("%(name)s is cancelled"),
    }
    texts = {
        ASKED: _("%(asker)s asks to carry it out for no more than %(total)s, fees included."),
        TURNED_DOWN: _("%(decider)s turned it down. %(note)s"),
        PAUSED: "%(pause)s",
        DONE: _("All that could be bought within %(total)s is bought, and given to its lines."),
        CANCELLED: _("Nothing more is bought. What was bought by then is given to its lines."),
    }
    told = {
        "name": order.name,
        "asker": execution.proposed_by,
        "total": f"{text_from_micro(execution.total_max)} {order.quote.code}",
        "decider": execution.decided_by,
        "note": execution.decision_note,
        "pause": execution.get_pause_display(),
    }
    link = settings.BASE_URL + reverse("bulk_order", args=[order.public_id])
    heading = _("Bulk order “%(name)s” of %(owner)s") % {"name": order.name, "owner": order.owner}
    body = f"{heading}\n\n{(texts[news] % told).strip()}\n\n{link}\n"
    return subjects[news] % told, body

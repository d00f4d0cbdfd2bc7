"""Mails about requests for quotes: to who may answer, to who asked, and to who answered.

The rows say what the news is, and `told` what of it was mailed. Nothing of a quote is in a mail.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.acting import TRADE, scopes_for_owner
from apps.accounts.models import Owner, User
from apps.accounts.roles import members_for
from apps.accounts.services.mailing import mail_news
from apps.accounts.services.spending import SPENDERS
from apps.orderbook.models import Quote, QuotePermit, QuoteRequest
from apps.orderbook.services.quotes import may_quote, trading_entity

AT_ONCE_MAX: Final = 100
State = QuoteRequest.State
# The asker knows of what they did themselves.
_OF_REQUESTS: Final = (State.OPEN, State.OPENED, State.LAPSED)
_UNTOLD: Final = ~Q(told=F("state"))
_OF_QUOTES: Final = (Quote.State.TAKEN, Quote.State.NOT_TAKEN, Quote.State.LAPSED)


def quote_notices_send() -> None:
    """Mails what is new, a hundred requests and a hundred quotes at a time."""
    requests = QuoteRequest.objects.filter(_UNTOLD, state__in=_OF_REQUESTS).select_related(
        "order__owner__organisation", "asked_by"
    )
    for request in requests.order_by("pk")[:AT_ONCE_MAX]:
        _tell(request, _readers_of_request(request), *_words_of_request(request))
    quotes = Quote.objects.filter(_UNTOLD, state__in=_OF_QUOTES).select_related(
        "request", "answered_by", "owner"
    )
    for quote in quotes.order_by("pk")[:AT_ONCE_MAX]:
        _tell(quote, _readers_of_quote(quote), *_words_of_quote(quote))


def _tell(row: QuoteRequest | Quote, readers: list[User], subject: str, text: str) -> None:
    mail_news(row, told=row.told, news=row.state, to=readers, subject=subject, text=text)


def _readers_of_request(request: QuoteRequest) -> list[User]:
    if request.state != State.OPEN:
        return [request.asked_by] if request.asked_by.is_active else []
    entity, found = trading_entity(request.order.owner), dict[int, User]()
    permits = QuotePermit.objects.filter(decision="approved").values("owner")
    for owner in Owner.objects.filter(pk__in=permits).select_related("user").order_by("pk"):
        if may_quote(owner) and trading_entity(owner) != entity:
            found |= {person.pk: person for person in _traders(owner)}
    return list(found.values())


def _readers_of_quote(quote: Quote) -> list[User]:
    may = TRADE in scopes_for_owner(user=quote.answered_by, owner=quote.owner)
    return [quote.answered_by] if may else []


def _traders(owner: Owner) -> list[User]:
    if owner.user is not None:
        return [owner.user] if owner.user.is_active else []
    members = members_for(owner).filter(role__in=SPENDERS, user__is_active=True)
    return [member.user for member in members.select_related("user").order_by("pk")]


def _words_of_request(request: QuoteRequest) -> tuple[str, str]:
    until = f"{request.deadline:%Y-%m-%d %H:%M} UTC"
    link = settings.BASE_URL + reverse("quote_request", args=[request.public_id])
    named = {"name": request.order.name, "until": until}
    if request.state == State.OPEN:
        subject = _("A request for quotes until %(until)s") % named
        text = _("Somebody asks for quotes. Answers are sealed until %(until)s.") % named
    elif request.state == State.OPENED:
        subject = _("The quotes for %(name)s are open") % named
        text = _("They are weighed against the books. Take them while they stand.")
    else:
        subject = _("No quotes stand for %(name)s") % named
        text = _("Nobody answered, or the time of every quote is over.")
    return subject, f"{text}\n\n{link}\n"


def _words_of_quote(quote: Quote) -> tuple[str, str]:
    texts = {
        Quote.State.TAKEN: (
            _("Your quote was taken"),
            _("The credits are exchanged, and the money is in the account."),
        ),
        Quote.State.NOT_TAKEN: (
            _("Your quote was not taken"),
            _("What it held is free again."),
        ),
        Quote.State.LAPSED: (_("Your quote has lapsed"), _("What it held is free again.")),
    }
    subject, text = texts[Quote.State(quote.state)]
    link = settings.BASE_URL + reverse("quote_request", args=[quote.request.public_id])
    return subject, f"{text}\n\n{link}\n"

"""Companies that ask for quotes and sellers who answer, and a deadline that passes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.accounts.models import Owner, User
from apps.orderbook.models import BulkOrder, Product, Quote, QuotePermit, QuoteRequest
from apps.orderbook.services.quote_requests import quote_request_make, quotes_sweep
from apps.orderbook.services.quotes import Offer, quote_answer
from apps.registry.models import CreditClass
from tests.support.bulk_orders import UNIT, worked
from tests.support.factories import TONNE, staff_make
from tests.support.registry import block_make, holder_make
from tests.support.tampering import tamper

HOUR = timedelta(hours=1)


def permit(owner: Owner, kind: str = QuotePermit.Kind.MAKER) -> None:
    """Two of staff let the owner answer, or no more."""
    QuotePermit.objects.create(
        owner=owner,
        kind=kind,
        decision="approved",
        proposed_by=staff_make(),
        decided_by=staff_make(),
        decided_at=timezone.now(),
    )


def seller_make(first: int, year: int, *, tonnes: int = 500) -> tuple[Owner, CreditClass]:
    """A person with credits of a class who may answer."""
    owner, credit_class = holder_make(block_make(first=first, tonnes=tonnes, year=year))
    permit(owner)
    return owner, credit_class


def asked(order: BulkOrder, by: User) -> QuoteRequest:
    """Quotes asked for within an hour."""
    return quote_request_make(order=order, by=by, deadline=timezone.now() + HOUR)


def answered(
    request: QuoteRequest,
    owner: Owner,
    *offers: tuple[Product, int, int] | tuple[Product, int, int, int],
    **terms: Any,
) -> Quote:
    """A quote of (market, price, tonnes), whole, or with the tonnes that are the least."""
    by = terms.pop("by", owner.user)
    valid_until = terms.pop("valid_until", request.deadline + HOUR)
    made = [
        Offer(
            product=offer[0],
            size=offer[2] * TONNE,
            size_min=(offer[3] if len(offer) == 4 else offer[2]) * TONNE,
            price=offer[1] * UNIT,
        )
        for offer in offers
    ]
    return quote_answer(
        request=request, owner=owner, by=by, offers=made, valid_until=valid_until, **terms
    )


def deadline_passes(request: QuoteRequest) -> None:
    """The clock of the database goes on; nobody has opened anything yet."""
    tamper(
        "UPDATE orderbook_quoterequest SET deadline = now() - interval '1 second' WHERE id = %s",
        request.pk,
    )
    request.refresh_from_db()


def validity_passes(quote: Quote) -> None:
    """The time of a quote is over; nobody has ended it yet."""
    tamper(
        "UPDATE orderbook_quote SET valid_until = now() - interval '1 second' WHERE id = %s",
        quote.pk,
    )


def opened(request: QuoteRequest) -> BulkOrder:
    """The deadline passes, a sweep opens the answers, and a worker plans with them."""
    deadline_passes(request)
    quotes_sweep()
    request.refresh_from_db()
    return worked(request.order)

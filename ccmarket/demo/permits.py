"""The demo's market makers may answer requests for quotes: two of staff say so."""

from __future__ import annotations

from typing import Final

from apps.accounts.models import FourEyesModel, Owner, User
from apps.accounts.services.four_eyes import proposal_create, proposal_decide
from apps.orderbook.models import QuotePermit

MAKERS: Final = ("maker_one", "maker_two")


def permits_ensure(*, owners: dict[str, Owner], staff: tuple[User, User]) -> None:
    """Each maker's permit: proposed by one member of staff, approved by the other."""
    first, second = staff
    for key in MAKERS:
        permit = QuotePermit.objects.filter(owner=owners[key]).first() or proposal_create(
            proposal=QuotePermit(owner=owners[key], kind=QuotePermit.Kind.MAKER), by=first
        )
        if permit.decision == FourEyesModel.Decision.PENDING:
            proposal_decide(proposal=permit, decision=FourEyesModel.Decision.APPROVED, by=second)

"""Organisations with departments that have accounts of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.test import Client

from apps.accounts.acting import ACCOUNT_KEY, SESSION_KEY
from apps.accounts.ledger.models import Asset, Owner
from apps.accounts.models import AccountMove, Membership, Organisation, User
from apps.accounts.services.account_moves import account_move
from apps.accounts.services.sub_accounts import membership_limit, sub_account_open
from tests.support.factories import asset_make, client_of, fund, organisation_make, user_make
from tests.support.verifications import verify

UNIT = 1_000_000


def cash() -> Asset:
    return asset_make("USDC")


@dataclass(frozen=True)
class Departments:
    """Ten USDC in the main account, two empty sub-accounts, and `clerk`, who is a trader limited to
    `fleet`."""

    organisation: Organisation
    boss: User
    trader: User
    clerk: User
    fleet: Owner
    travel: Owner

    @property
    def main(self) -> Owner:
        return self.organisation.owner

    def move(self, amount: int, to: Owner | None = None, **changes: Any) -> AccountMove:
        """Cash from the main account to the fleet, unless told otherwise."""
        terms: dict[str, Any] = {
            "from_owner": self.main,
            "to_owner": to or self.fleet,
            "asset": cash(),
            "by": self.boss,
            "idempotency_key": "k",
        }
        return account_move(amount=amount, **{**terms, **changes})

    def client(self, user: User, account: Owner | None = None) -> Client:
        """The member's browser, acting for the account."""
        client = client_of(user)
        session = client.session
        session[SESSION_KEY] = self.organisation.pk
        if account is not None and account.parent_id is not None:
            session[ACCOUNT_KEY] = account.pk
        session.save()
        return client


def departments_make() -> Departments:
    boss, trader, clerk = (user_make() for _ in range(3))
    organisation = verify(organisation_make(by=boss, trader=trader))
    Membership.objects.create(organisation=organisation, user=clerk, role="trader")
    fleet, travel = (
        sub_account_open(organisation=organisation, name=name, by=boss)
        for name in ("Fleet", "Travel")
    )
    membership_limit(organisation=organisation, user=clerk, accounts=[fleet], by=boss)
    fund(organisation.owner, cash(), 10 * UNIT)
    return Departments(organisation, boss, trader, clerk, fleet, travel)

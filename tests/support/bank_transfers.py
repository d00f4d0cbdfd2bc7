"""People and proposals for tests of bank transfers."""

from __future__ import annotations

from apps.accounts.ledger.models import Owner
from apps.accounts.models import BankTransfer, User
from apps.accounts.services.bank_transfers import bank_transfer_propose
from tests.support.factories import TONNE, asset_make, owner_make, staff_make

APPROVED, REJECTED = BankTransfer.Decision.APPROVED, BankTransfer.Decision.REJECTED
AMOUNT = 1_250 * TONNE


def proposer_make() -> User:
    return staff_make(("add", BankTransfer))


def decider_make() -> User:
    return staff_make(("change", BankTransfer))


def propose(owner: Owner | None = None, **fields: object) -> BankTransfer:
    given = {
        "owner": owner or owner_make(),
        "asset": asset_make("USDC"),
        "amount": AMOUNT,
        "bank_reference": "STATEMENT-1",
        "by": fields.pop("by", None) or proposer_make(),
        **fields,
    }
    return bank_transfer_propose(**given)  # type: ignore[arg-type]

"""Cash for the demo's people, through the same two pairs of eyes as any bank transfer."""

from __future__ import annotations

from typing import Final

from apps.accounts.models import Asset, BankTransfer, FourEyesModel, Owner, User
from apps.accounts.services.bank_transfers import bank_transfer_decide, bank_transfer_propose
from apps.orderbook.models.market import UNIT

USDC: Final = "USDC"
CC: Final = "CC"

CASH_USDC: Final = {
    "individual_one": 2_500,
    "individual_two": 1_000,
    "company": 250_000,
    "maker_one": 5_000_000,
    "maker_two": 5_000_000,
}


def assets_ensure() -> None:
    """The cash leg and the stable token."""
    Asset.objects.get_or_create(code=USDC, defaults={"kind": Asset.Kind.CASH, "name": "USD Coin"})
    Asset.objects.get_or_create(
        code=CC, defaults={"kind": Asset.Kind.CC, "name": "Carbon credit token"}
    )


def cash_ensure(*, owners: dict[str, Owner], staff: tuple[User, User]) -> None:
    """Each owner's first bank transfer: recorded by one member of staff, let in by the other."""
    first, second = staff
    asset = Asset.objects.get(code=USDC)
    for key, dollars in CASH_USDC.items():
        reference = f"DEMO-{key.upper()}"
        proposal = BankTransfer.objects.filter(bank_reference=reference).first()
        proposal = proposal or bank_transfer_propose(
            owner=owners[key],
            asset=asset,
            amount=dollars * UNIT,
            bank_reference=reference,
            by=first,
        )
        if proposal.decision == FourEyesModel.Decision.PENDING:
            bank_transfer_decide(
                proposal=proposal, decision=FourEyesModel.Decision.APPROVED, by=second
            )

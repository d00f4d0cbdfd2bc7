"""What whoever asks the bridge for something has to meet first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from eth_utils.address import is_address, to_checksum_address

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import Owner, Wallet
from apps.nft.models import Contract
from apps.nft.services.halts import bridge_is_halted


@dataclass(frozen=True, slots=True)
class LinkedWallet:
    """A checksummed address that the owner has linked, and since when."""

    address: str
    linked_at: datetime


def wallet_require(owner: Owner, address: str) -> LinkedWallet:
    """The owner's linked wallet. Raises ServiceError `address_invalid`, `wallet_not_linked`."""
    if not is_address(address):
        raise ServiceError(
            _("This is not an Ethereum address. Copy it from your wallet."),
            code="address_invalid",
            field="to_address",
        )
    checksummed = str(to_checksum_address(address))
    linked = Wallet.objects.filter(
        owner=owner, address__iexact=checksummed, unlinked_at__isnull=True
    ).first()
    if linked is None:
        raise ServiceError(
            _("This wallet is not linked to the account. Link it first."),
            code="wallet_not_linked",
            field="to_address",
        )
    return LinkedWallet(checksummed, linked.linked_at)


def bridge_require(contract: str) -> None:
    """Raises Conflict `bridge_halted`, or `bridge_not_ready` before the contract is deployed."""
    if bridge_is_halted():
        raise Conflict(
            _("The bridge to the chain is halted while staff look into it. Try again later."),
            code="bridge_halted",
        )
    deployed = Contract.objects.filter(
        chain_id=settings.CHAIN_ID, name=contract, confirmed_at__isnull=False
    )
    if not deployed.exists():
        raise Conflict(
            _("The contracts are not deployed yet. Try again later."), code="bridge_not_ready"
        )

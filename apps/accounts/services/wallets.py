"""Linking a wallet by signing in with it.

We write the message (EIP-4361), the wallet signs it, and we take it back once: our domain, our
address, our chain, our nonce, in time, for the person and the owner it was written for.
Accounts with a private key sign themselves; for any other signature the contract at the address is
asked (EIP-1271), or the one that its signature would deploy there (EIP-6492).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import siwe
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider

from apps.accounts.acting import TRANSFER, scopes_for_owner
from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.models import User, Wallet

CHALLENGE_LIFE: Final = timedelta(minutes=10)
CHAIN_TIMEOUT_S: Final = 10
# A wallet of many owners adds 65 bytes for each.
SIGNATURE_CHARS_MAX: Final = 20_000
# The signed text is for the record and stays English: EIP-4361 allows ASCII only.
STATEMENT: Final = "Link this wallet to your ccmarket account. It costs nothing and moves nothing."


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one person was asked to sign, kept in their session until it comes back."""

    message: str
    nonce: str
    user_id: int
    owner_id: int
    address: str
    chain_id: int
    expires_at: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def wallet_challenge(*, user: User, owner: Owner, address: str) -> tuple[Challenge, str]:
    """A challenge to remember, and the message for the wallet at `address` to sign.

    Raises NotPermitted, ServiceError `invalid_address`.
    """
    _require_control(user, owner)
    checksummed = _address(address)
    now = timezone.now()
    expires_at = siwe.ISO8601Datetime.from_datetime(now + CHALLENGE_LIFE)
    unsigned = siwe.SiweMessage(
        domain=_domain(),
        address=checksummed,
        statement=STATEMENT,
        uri=settings.BASE_URL,
        version="1",
        chain_id=settings.CHAIN_ID,
        nonce=siwe.generate_nonce(),
        issued_at=siwe.ISO8601Datetime.from_datetime(now),
        expiration_time=expires_at,
    )
    challenge = Challenge(
        message=unsigned.prepare_message(),
        nonce=unsigned.nonce,
        user_id=user.pk,
        owner_id=owner.pk,
        address=checksummed,
        chain_id=settings.CHAIN_ID,
        expires_at=str(expires_at),
    )
    return challenge, challenge.message


def wallet_link(
    *, user: User, owner: Owner, challenge: Challenge | None, message: str, signature: str
) -> Wallet:
    """Links the wallet that signed the challenge. The caller forgets the challenge either way.

    Asks the chain where no private key signed: call it outside of transactions.

    Raises ServiceError (`challenge_missing`, `challenge_expired`, `wallet_message_invalid`,
    `wallet_signature_invalid`, `chain_unavailable`), Conflict (`wallet_taken`, `challenge_used`).
    """
    _require_control(user, owner)
    if challenge is None or (challenge.user_id, challenge.owner_id) != (user.pk, owner.pk):
        raise ServiceError(_("Start linking the wallet again."), code="challenge_missing")
    if datetime.fromisoformat(challenge.expires_at) <= timezone.now():
        raise ServiceError(
            _("The message has expired. Start linking the wallet again."), code="challenge_expired"
        )
    _check_signed(challenge, message, signature)
    wallet = Wallet(
        owner=owner,
        user=user,
        address=challenge.address,
        chain_id=challenge.chain_id,
        nonce=challenge.nonce,
        message=message,
        signature=signature,
    )
    return _wallet_save(wallet)


def _check_signed(challenge: Challenge, message: str, signature: str) -> None:
    if message != challenge.message:
        raise _invalid_message()
    try:
        signed = siwe.SiweMessage.from_message(message)
    except ValueError as error:
        raise _invalid_message() from error
    if signed.address != challenge.address:
        raise _invalid_message()
    if len(signature) > SIGNATURE_CHARS_MAX:
        raise _invalid_signature()
    try:
        signed.verify(
            signature,
            domain=_domain(),
            uri=settings.BASE_URL,
            chain_id=challenge.chain_id,
            nonce=challenge.nonce,
            timestamp=timezone.now(),
            provider=_provider(),
            strict=True,
        )
    except siwe.InvalidSignature as error:
        raise _invalid_signature() from error
    except siwe.VerificationError as error:
        raise _invalid_message() from error
    except requests.RequestException:
        # Without its message, which names the node and may name a key.
        raise ServiceError(
            _("The chain cannot be asked about this signature now. Try again in a minute."),
            code="chain_unavailable",
            status=503,
        ) from None


def _provider() -> HTTPProvider:
    return HTTPProvider(
        settings.CHAIN_RPC_URL,
        request_kwargs={"timeout": CHAIN_TIMEOUT_S},
        exception_retry_configuration=None,
    )


def _wallet_save(wallet: Wallet) -> Wallet:
    present = Wallet.objects.filter(address__iexact=wallet.address, unlinked_at__isnull=True)
    try:
        with transaction.atomic():
            wallet.save(force_insert=True)
    except IntegrityError as error:
        linked = present.first()
        if linked is None:
            raise Conflict(
                _("This message was used before. Start linking the wallet again."),
                code="challenge_used",
            ) from error
        if linked.owner_id != wallet.owner_id:
            raise Conflict(
                _("This wallet is linked to another account. Unlink it there first."),
                code="wallet_taken",
            ) from error
        return linked
    return wallet


def wallet_unlink(*, wallet: Wallet, by: User) -> None:
    """From now on the address is nobody's here. What it holds on chain is untouched."""
    _require_control(by, wallet.owner)
    Wallet.objects.filter(pk=wallet.pk, unlinked_at__isnull=True).update(unlinked_at=timezone.now())
    wallet.refresh_from_db(fields=["unlinked_at"])


def _require_control(user: User, owner: Owner) -> None:
    if TRANSFER not in scopes_for_owner(user=user, owner=owner):
        raise NotPermitted(_("Only its owners may change the wallets of this account."))


def _address(text: str) -> str:
    try:
        return str(to_checksum_address(text))
    except ValueError as error:
        raise ServiceError(
            _("This is not an Ethereum address."), code="invalid_address", field="address"
        ) from error


def _domain() -> str:
    return urlsplit(settings.BASE_URL).netloc


def _invalid_signature() -> ServiceError:
    return ServiceError(
        _("The signature is not this wallet's. Sign with the account you chose."),
        code="wallet_signature_invalid",
    )


def _invalid_message() -> ServiceError:
    return ServiceError(
        _("The signed message is not the one we wrote. Start linking the wallet again."),
        code="wallet_message_invalid",
    )

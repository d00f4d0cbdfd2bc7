"""Asking for USDC or CC in a wallet, and taking it back where the chain refuses.

As with NFTs, asking is one transaction: the amount is held, the intent written, and from then on
rows say what is to be done. All withdrawals of a chain are counted one after the other, under the
lock of its vault: what the vault holds and what limits leave is given out once.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.services import Hold, ledger_post
from apps.accounts.models import Asset, Owner, WebhookEvent
from apps.accounts.services.verifications import verified_require
from apps.nft.models import CoinWithdrawal, Contract
from apps.nft.selectors.coins import coin_codes, vault_stock_micro, withdrawn_since_micro
from apps.nft.services.asking import LinkedWallet, bridge_require, wallet_require
from apps.nft.services.telling import withdrawal_tell
from apps.nft.wakeups import intent_wake

State, Route = CoinWithdrawal.State, CoinWithdrawal.Route

MICRO = 1_000_000
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def coin_withdraw(
    *, owner: Owner, asset: Asset, amount: int, to_address: str, idempotency_key: str
) -> CoinWithdrawal:
    """Sends `amount` micro-units of USDC or CC to a linked wallet; held at once.

    Repeating the key returns the first withdrawal.

    Errors: `coin_unknown`, `amount_not_positive`, `address_invalid`, `wallet_not_linked`,
    `wallet_cooling_off`, `bridge_halted`, `bridge_not_ready`, `limit_exceeded`, `too_many`,
    `vault_short`, `insufficient_funds`, `idempotency_key_reused`, `organisation_not_verified`.
    """
    if asset.code not in coin_codes():
        raise ServiceError(
            _("Only USDC and CC leave as coins. Credits leave as NFTs."),
            code="coin_unknown",
            field="currency",
        )
    if amount <= 0:
        raise ServiceError(
            _("Give an amount above zero."), code="amount_not_positive", field="amount"
        )
    wallet = wallet_require(owner, to_address)
    withdrawal = CoinWithdrawal(
        chain_id=settings.CHAIN_ID,
        owner=owner,
        asset=asset,
        amount=amount,
        to_address=wallet.address,
        idempotency_key=idempotency_key,
    )
    with transaction.atomic():
        if existing := _existing(withdrawal):
            return existing
        verified_require(owner=owner)
        bridge_require("Vault")
        Contract.objects.select_for_update().get(chain_id=settings.CHAIN_ID, name="Vault")
        # Asked again: whoever had the lock may have had the same key.
        if existing := _existing(withdrawal):
            return existing
        _limits_check(withdrawal, wallet)
        withdrawal.route = _route(withdrawal)
        withdrawal.save(force_insert=True)
        ledger_post(holds=[Hold(owner, asset, amount)])
        wake = partial(intent_wake, intent_id=withdrawal.pk, kind="payout")
        transaction.on_commit(wake)
    return withdrawal


def withdrawal_fail(*, intent_id: int, seen: str, reason: str) -> None:
    """Gives the held amount back, where no transaction can pay it any more.

    `seen` is the state in which the caller found that out; when another worker has moved the intent
    on since, nothing happens.
    """
    with transaction.atomic():
        intent = CoinWithdrawal.objects.select_for_update().get(pk=intent_id)
        if intent.state != seen or (seen == State.QUEUED and intent.transactions.exists()):
            return
        CoinWithdrawal.objects.filter(pk=intent.pk).update(
            state=State.FAILED, failure=reason[:300], updated_at=timezone.now()
        )
        ledger_post(holds=[Hold(intent.owner, intent.asset, -intent.amount)])
        failure = {"failure": reason[:300]}
        withdrawal_tell(intent=intent, event=WebhookEvent.COIN_FAILED, **failure)


def _existing(withdrawal: CoinWithdrawal) -> CoinWithdrawal | None:
    existing = CoinWithdrawal.objects.filter(
        owner=withdrawal.owner, idempotency_key=withdrawal.idempotency_key
    ).first()
    if existing is None:
        return None
    asked = (withdrawal.asset, withdrawal.amount, withdrawal.to_address)
    if (existing.asset, existing.amount, existing.to_address) != asked:
        raise Conflict(
            _("This key was used for another request. Use a new key for a new request."),
            code="idempotency_key_reused",
        )
    return existing


def _limits_check(withdrawal: CoinWithdrawal, wallet: LinkedWallet) -> None:
    """How fast coins may leave, for one owner and for all together."""
    now = timezone.now()
    ready_at = wallet.linked_at + timedelta(seconds=settings.WALLET_COOLING_OFF_S)
    if now < ready_at:
        raise Conflict(
            _("This wallet was linked only now. It can receive from %(at)s on.")
            % {"at": f"{ready_at:%Y-%m-%d %H:%M} UTC"},
            code="wallet_cooling_off",
        )
    recent = CoinWithdrawal.objects.filter(owner=withdrawal.owner, created_at__gt=now - HOUR)
    if recent.count() >= settings.COIN_WITHDRAWALS_HOURLY_MAX:
        raise Conflict(_("That is many withdrawals in an hour. Try again later."), code="too_many")
    for owner, limit in (
        (withdrawal.owner, settings.COIN_WITHDRAWAL_OWNER_DAILY),
        (None, settings.COIN_WITHDRAWAL_DAILY),
    ):
        spent = withdrawn_since_micro(withdrawal.asset, since=now - DAY, owner=owner)
        left = max(0, limit * MICRO - spent)
        if withdrawal.amount > left:
            raise Conflict(
                _("Within 24 hours %(left)s %(coin)s more can leave. Ask for less, or later.")
                % {"left": text_from_micro(left), "coin": withdrawal.asset.code},
                code="limit_exceeded",
            )


def _route(withdrawal: CoinWithdrawal) -> str:
    """From the vault where it has enough; CC can also be minted, as the pool backs it."""
    if vault_stock_micro(withdrawal.asset) >= withdrawal.amount:
        return Route.VAULT
    if withdrawal.asset.kind == Asset.Kind.CC:
        return Route.MINT
    raise Conflict(
        _("The vault on chain holds less than this now. Ask for less, or for a bank transfer."),
        code="vault_short",
    )

"""Giving part of a balance to an address of mail or on chain.

The amount is held when it is given and moves when it is claimed; nothing leaves the ledger, so
whole tonnes that somebody was given go out as NFTs by their own request. The link is signed, not
stored: nobody who reads the database can claim.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from eth_utils.address import is_address as is_hex_address
from eth_utils.address import to_checksum_address

from apps.accounts.errors import Conflict, NotFound, ServiceError
from apps.accounts.ledger.services import Hold, Leg, ledger_post
from apps.accounts.models import Asset, Gift, Owner, Transfer, Wallet
from apps.accounts.models.gifts import MESSAGE_CHARS_MAX
from apps.accounts.services.links import public_id_of, signed_link
from apps.accounts.services.mailing import is_address, mail_once
from apps.accounts.services.sub_accounts import account_is_closed
from apps.accounts.services.verifications import verified_require
from apps.accounts.units import amount_text

AT_ONCE_MAX: Final = 100


def gift_create(
    *, owner: Owner, asset: Asset, amount: int, to: str, message: str = "", idempotency_key: str
) -> Gift:
    """Gives `amount` micro-units to an address of mail or on chain; held at once.

    Repeating the key returns the first gift. Errors: `amount_not_positive`, `address_invalid`,
    `message_too_long`, `insufficient_funds`, `idempotency_key_reused`, `organisation_not_verified`.
    """
    if amount <= 0:
        raise ServiceError(
            _("Give an amount above zero."), code="amount_not_positive", field="amount"
        )
    if len(message) > MESSAGE_CHARS_MAX:
        raise ServiceError(
            _("Keep the message to %(max)s characters.") % {"max": MESSAGE_CHARS_MAX},
            code="message_too_long",
            field="message",
        )
    email, address = _recipient(to.strip())
    gift = Gift(
        owner=owner,
        asset=asset,
        amount=amount,
        to_email=email,
        to_address=address,
        message=message,
        idempotency_key=idempotency_key,
        expires_at=timezone.now() + timedelta(days=settings.GIFT_DAYS),
    )
    with transaction.atomic():
        # One after the other for each giver: the second finds the first's row.
        Owner.objects.select_for_update(no_key=True).get(pk=owner.pk)
        if existing := _existing(gift):
            return existing
        verified_require(owner=owner)
        gift.save(force_insert=True)
        ledger_post(holds=[Hold(owner, asset, amount)])
    return gift


def gift_claim(*, gift: Gift, owner: Owner) -> Gift:
    """Moves the gift to `owner`. Whoever has its link may; claiming it again changes nothing.

    Errors: `gift_own`, `gift_gone`, `wallet_not_linked`, `account_closed`.
    """
    with transaction.atomic():
        found = _locked(gift)
        if found.state == Gift.State.CLAIMED and found.claimed_by_id == owner.pk:
            return found
        if found.state != Gift.State.OPEN or found.expires_at <= timezone.now():
            raise Conflict(
                _("This gift was claimed, taken back, or has expired."), code="gift_gone"
            )
        if found.owner_id == owner.pk:
            raise Conflict(
                _("This gift is your own. Take it back where you gave it."), code="gift_own"
            )
        if owner.closed_at is not None:
            raise account_is_closed()
        _require_wallet(found, owner)
        leg = Leg(
            from_owner=found.owner,
            to_owner=owner,
            asset=found.asset,
            amount=found.amount,
            kind=Transfer.Kind.GIFT,
            reference=found.pk,
            from_held=True,
        )
        ledger_post(legs=[leg])
        return _end(found, Gift.State.CLAIMED, claimed_by=owner)


def gift_return(*, gift: Gift) -> Gift:
    """The giver has the amount again. Errors: `gift_gone` where somebody was first."""
    with transaction.atomic():
        found = _locked(gift)
        if found.state == Gift.State.RETURNED:
            return found
        if found.state != Gift.State.OPEN:
            raise Conflict(_("Somebody has claimed this gift."), code="gift_gone")
        ledger_post(holds=[Hold(found.owner, found.asset, -found.amount)])
        return _end(found, Gift.State.RETURNED)


def gifts_sweep() -> None:
    """Mails what was not mailed and gives back what has expired, a hundred of each."""
    late = Gift.objects.filter(state=Gift.State.OPEN, expires_at__lte=timezone.now())
    for gift in late.order_by("expires_at")[:AT_ONCE_MAX]:
        try:
            gift_return(gift=gift)
        except Conflict:
            continue
    unsent = Gift.objects.filter(state=Gift.State.OPEN, mailed_at=None).exclude(to_email="")
    for gift in unsent.select_related("asset").order_by("pk")[:AT_ONCE_MAX]:
        _mail(gift)


def gift_link(gift: Gift) -> str:
    """Where the gift is claimed: whoever has this address may."""
    return signed_link("gift", gift.public_id)


def gift_of_token(token: str) -> Gift:
    """The gift of a link. Raises NotFound."""
    rows = Gift.objects.select_related("asset", "owner")
    found = rows.filter(public_id=public_id_of(token, "gift")).first()
    if found is None:
        raise NotFound(_("There is no such gift. Copy the whole link."))
    return found


def gift_of_link(link: str) -> Gift:
    """The gift of a link as it was sent, or of its last part alone. Raises NotFound."""
    return gift_of_token(link.strip().rstrip("/").rpartition("/")[2])


def _mail(gift: Gift) -> None:
    words = {
        "amount": amount_text(gift.amount, gift.asset),
        "link": gift_link(gift),
        "until": f"{gift.expires_at:%Y-%m-%d}",
        "message": f"\n\n{gift.message}" if gift.message else "",
    }
    text = _("You were given %(amount)s.%(message)s\n\nTake it until %(until)s here:\n%(link)s\n")
    mail_once(gift, to=gift.to_email, subject=_("A gift for you"), text=text % words)


def _recipient(to: str) -> tuple[str, str]:
    """The address of mail, or the checksummed one on chain; the other is empty."""
    if is_hex_address(to):
        return "", str(to_checksum_address(to))
    if not is_address(to):
        raise ServiceError(
            _("Give an email address, or an Ethereum address."), code="address_invalid", field="to"
        )
    return to, ""


def _existing(gift: Gift) -> Gift | None:
    existing = Gift.objects.filter(owner=gift.owner, idempotency_key=gift.idempotency_key).first()
    if existing is None:
        return None
    asked = (gift.asset, gift.amount, gift.to_email, gift.to_address)
    if (existing.asset, existing.amount, existing.to_email, existing.to_address) != asked:
        raise Conflict(
            _("This key was used for another request. Use a new key for a new request."),
            code="idempotency_key_reused",
        )
    return existing


def _locked(gift: Gift) -> Gift:
    rows = Gift.objects.select_for_update(of=("self",)).select_related("owner", "asset")
    return rows.get(pk=gift.pk)


def _require_wallet(gift: Gift, owner: Owner) -> None:
    if not gift.to_address:
        return
    linked = Wallet.objects.filter(
        owner=owner, address__iexact=gift.to_address, unlinked_at__isnull=True
    )
    if not linked.exists():
        raise Conflict(
            _("This gift is for the wallet %(address)s. Link it first.")
            % {"address": gift.to_address},
            code="wallet_not_linked",
        )


def _end(gift: Gift, state: Gift.State, *, claimed_by: Owner | None = None) -> Gift:
    gift.state, gift.claimed_by, gift.ended_at = state, claimed_by, timezone.now()
    gift.save(update_fields=["state", "claimed_by", "ended_at"])
    return gift

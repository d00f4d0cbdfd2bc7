"""Consuming credits for good, on behalf of somebody."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.ledger.models import Owner, Transfer
from apps.accounts.ledger.services import BRIDGE, RETIRED, Leg, ledger_post, platform_owner_get
from apps.accounts.models import FourEyesModel, User, WebhookEvent
from apps.accounts.webhooks.outbox import webhook_event_record
from apps.registry.allocation import Grams
from apps.registry.certificates.address import certificate_address
from apps.registry.models import CreditClass, Retirement, SerialBlock
from apps.registry.models.retirement import BENEFICIARY_CHARS_MAX, MESSAGE_CHARS_MAX
from apps.registry.services.credit_classes import credit_class_lock
from apps.registry.services.registry_retirements import work_add
from apps.registry.services.retirement_labels import retirement_labels_keep
from apps.registry.services.spans import (
    serials_to_grams,
    spans_retire,
    spans_retire_rest,
    tokenised_retire,
)

# What makes two requests with one idempotency key the same request.
_SAME = ("credit_class_id", "amount_grams", "beneficiary", "message", "period_start", "period_end")


def retirement_create(
    *,
    owner: Owner,
    credit_class: CreditClass,
    amount_grams: int,
    beneficiary: str,
    idempotency_key: str,
    message: str = "",
    period_start: date | None = None,
    period_end: date | None = None,
    user: User | None = None,
) -> Retirement:
    """Retire grams of the owner's available balance for `beneficiary`; the certificate's row.

    Whole tonnes are whole serials, oldest issuance first; a fraction fills up the tonne that the
    last fraction began. Repeating a request with its key returns the first answer.

    Raises ServiceError (what is wrong with the request), InsufficientFunds, Conflict
    `idempotency_key_reused` or `busy`.
    """
    draft = Retirement(
        owner=owner,
        user=user,
        credit_class=credit_class,
        amount_grams=amount_grams,
        beneficiary=beneficiary.strip(),
        message=message.strip(),
        period_start=period_start,
        period_end=period_end,
        idempotency_key=idempotency_key.strip(),
    )
    _check(draft)
    with transaction.atomic():
        credit_class_lock(credit_class=credit_class)
        if first := _first_answer(draft):
            return first
        _number_and_save(draft)
        _balance_move(draft, from_owner=owner)
        work_add(retirement=draft, spans=spans_retire(retirement=draft))
        retirement_labels_keep(retirement=draft)
        _tell(draft)
    return draft


def retirement_create_from_chain(
    *,
    owner: Owner,
    block: SerialBlock,
    first_serial: int,
    last_serial: int,
    beneficiary: str,
    idempotency_key: str,
    message: str = "",
) -> Retirement:
    """The same for NFTs that their holder retired on chain, at finality.

    `owner` is who held them, the platform's `unclaimed` for an unknown wallet. The key is the
    chain's own: transaction and log index. Raises Conflict `not_tokenised`.
    """
    credit_class = block.vintage.credit_class
    assert credit_class is not None, "a block with tokens out has a class"
    draft = Retirement(
        owner=owner,
        credit_class=credit_class,
        amount_grams=serials_to_grams(block, first_serial, last_serial).size,
        # A wallet writes what it likes; what does not fit the certificate is cut, not refused.
        beneficiary=_fitting(beneficiary, BENEFICIARY_CHARS_MAX) or _("Not stated"),
        message=_fitting(message, MESSAGE_CHARS_MAX),
        source=Retirement.Source.CHAIN,
        idempotency_key=idempotency_key,
    )
    with transaction.atomic():
        credit_class_lock(credit_class=credit_class)
        if first := _first_answer(draft):
            return first
        _number_and_save(draft)
        _balance_move(draft, from_owner=platform_owner_get(name=BRIDGE))
        spans = tokenised_retire(
            block=block, first_serial=first_serial, last_serial=last_serial, retirement=draft
        )
        work_add(retirement=draft, spans=spans)
        retirement_labels_keep(retirement=draft)
        _tell(draft)
    return draft


def retirement_fill(
    *, owner: Owner, credit_class: CreditClass, tonne: Grams, amount_grams: int, user: User
) -> Retirement:
    """The rest of a tonne that fractions began, `amount_grams`, out of the owner's balance.

    Within the transaction, with the class locked. Raises InsufficientFunds.
    """
    draft = Retirement(
        owner=owner,
        user=user,
        credit_class=credit_class,
        amount_grams=amount_grams,
        beneficiary=_("The atmosphere; given by the platform"),
        message=_("Fills up a tonne that was retired in fractions."),
        idempotency_key=f"fill:{tonne.lower}:{amount_grams}",
    )
    _check(draft)
    _number_and_save(draft)
    _balance_move(draft, from_owner=owner)
    work_add(retirement=draft, spans=spans_retire_rest(retirement=draft, tonne=tonne))
    retirement_labels_keep(retirement=draft)
    _tell(draft)
    return draft


def _check(draft: Retirement) -> None:
    if draft.amount_grams < 1:
        raise ServiceError(
            _("Retire at least one gram."), code="amount_too_small", field="amount_grams"
        )
    if draft.period_start and draft.period_end and draft.period_end < draft.period_start:
        raise ServiceError(
            _("The emissions' period ends before it starts."),
            code="invalid_period",
            field="period_end",
        )
    try:
        draft.clean_fields(exclude=["number"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ServiceError(messages[0], code="invalid_retirement", field=field) from error


def _first_answer(draft: Retirement) -> Retirement | None:
    """The retirement that the same owner already made with the same key."""
    first = Retirement.objects.filter(
        owner=draft.owner, idempotency_key=draft.idempotency_key
    ).first()
    if first is None:
        return None
    # A corrected beneficiary is still what was asked for with this key.
    corrected = first.corrections.filter(decision=FourEyesModel.Decision.APPROVED).order_by("pk")
    asked = {name: getattr(first, name) for name in _SAME}
    if correction := corrected.first():
        asked["beneficiary"] = correction.beneficiary_before
    if asked != {name: getattr(draft, name) for name in _SAME}:
        raise _key_reused()
    return first


def _key_reused() -> Conflict:
    return Conflict(
        _("This idempotency key was used for another retirement. Send a new key."),
        code="idempotency_key_reused",
    )


def _number_and_save(draft: Retirement) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('registry_certificate_number')")
        number = cursor.fetchone()[0]
    draft.number = f"CCM-{timezone.now():%Y}-{number:07d}"
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError as error:
        # The lock on the class lets through the same key for another class.
        raise _key_reused() from error


def _balance_move(retirement: Retirement, *, from_owner: Owner) -> None:
    leg = Leg(
        from_owner=from_owner,
        to_owner=platform_owner_get(name=RETIRED),
        asset=retirement.credit_class.asset,
        amount=retirement.amount_grams,
        kind=Transfer.Kind.RETIREMENT,
        reference=retirement.pk,
    )
    ledger_post(legs=[leg])


def _tell(retirement: Retirement) -> None:
    webhook_event_record(
        owner=retirement.owner,
        event=WebhookEvent.RETIREMENT,
        data={
            "number": retirement.number,
            "credit": retirement.credit_class.code,
            "amount": text_from_micro(retirement.amount_grams),
            "beneficiary": retirement.beneficiary,
            "source": retirement.source,
            "certificate_url": certificate_address(retirement),
        },
    )


def _fitting(text: str, limit_chars: int) -> str:
    return "".join(char for char in text if char.isprintable()).strip()[:limit_chars]

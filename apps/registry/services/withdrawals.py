"""Giving the real credits back: to the owner's own account at the registry.

    requested -> processing -> final          the registry transferred them, two people saw it
    requested -> cancelled                    by the owner, until staff take it up
    requested, processing -> refused          two people saw that nothing was transferred

While it is open, as much of the balance is held and whole serials are reserved. At the end either
all of it leaves, or all of it is as before. The class is locked first, then the withdrawal, then
the ledger's balances.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.ledger.models import Owner, Transfer
from apps.accounts.ledger.services import CUSTODY, Hold, Leg, ledger_post, platform_owner_get
from apps.accounts.models import User, WebhookEvent
from apps.accounts.services.four_eyes import proposal_create, proposal_decide
from apps.accounts.services.verifications import verified_require
from apps.accounts.webhooks.outbox import webhook_event_record
from apps.registry.allocation import TONNE, Grams
from apps.registry.models import (
    CreditClass,
    SerialBlock,
    Span,
    Withdrawal,
    WithdrawalLine,
    WithdrawalOutcome,
)
from apps.registry.selectors import citation_of
from apps.registry.services.credit_classes import credit_class_lock
from apps.registry.services.spans import reserved_release, reserved_withdraw, spans_reserve
from apps.registry.services.splits import span_isolate

PERMISSION = "registry.change_withdrawal"
TONNES_MAX = 10_000_000
State = Withdrawal.State

# What makes two requests with one idempotency key the same request.
_SAME = ("credit_class_id", "tonnes", "registry_account", "account_name")


def withdrawal_request(
    *,
    owner: Owner,
    credit_class: CreditClass,
    tonnes: int,
    registry_account: str,
    account_name: str,
    idempotency_key: str,
    user: User | None = None,
) -> Withdrawal:
    """Asks for whole tonnes of the owner's available balance in an account at the registry.

    The grams are held and whole serials reserved at once, oldest issuance first. Repeating a
    request with its key returns the first answer.

    Raises ServiceError `amount_too_small`, `amount_too_large` or `invalid_withdrawal`,
    InsufficientFunds, Conflict `grams_short`, `busy` or `idempotency_key_reused`, NotPermitted
    `organisation_not_verified`.
    """
    draft = Withdrawal(
        owner=owner,
        user=user,
        credit_class=credit_class,
        tonnes=tonnes,
        registry_account=registry_account.strip(),
        account_name=account_name.strip(),
        idempotency_key=idempotency_key.strip(),
    )
    _check(draft)
    with transaction.atomic():
        credit_class_lock(credit_class=credit_class)
        if first := _first_answer(draft):
            return first
        verified_require(owner=owner)
        _number_and_save(draft)
        ledger_post(holds=[Hold(owner, credit_class.asset, draft.amount_grams)])
        spans = spans_reserve(credit_class=credit_class, tonnes=tonnes, state=Span.State.RESERVED)
        WithdrawalLine.objects.bulk_create(_line(draft, span) for span in spans)
    return draft


def withdrawal_cancel(*, withdrawal: Withdrawal) -> Withdrawal:
    """The owner thinks better of it, before staff take it up. Repeating it is harmless.

    Raises Conflict `withdrawal_under_way`.
    """
    with transaction.atomic():
        locked = _lock(withdrawal)
        if locked.state == State.CANCELLED:
            return locked
        if locked.state != State.REQUESTED:
            raise Conflict(
                _("This withdrawal can no longer be cancelled: %(state)s.")
                % {"state": locked.get_state_display()},
                code="withdrawal_under_way",
            )
        return _release(locked, State.CANCELLED)


def withdrawal_start(*, withdrawal: Withdrawal, by: User) -> Withdrawal:
    """Staff take it up: from now on its owner cannot cancel it. Repeating it is harmless.

    Raises NotPermitted, Conflict `withdrawal_ended`.
    """
    if not (by.is_staff and by.has_perm(PERMISSION)):
        raise NotPermitted(_("You may not do this. Ask staff with that permission."))
    with transaction.atomic():
        locked = _lock(withdrawal)
        _require_open(locked)
        if locked.state == State.REQUESTED:
            locked.state = State.PROCESSING
            locked.started_by, locked.started_at = by, timezone.now()
            locked.save(update_fields=["state", "started_by", "started_at"])
    return locked


def withdrawal_outcome_submit(*, proposal: WithdrawalOutcome, by: User) -> WithdrawalOutcome:
    """Records what the registry did. Nothing moves yet.

    Raises NotPermitted, ServiceError `invalid_proposal` or `evidence_missing`, Conflict
    `withdrawal_ended` or `withdrawal_not_started`.
    """
    _require_open(proposal.withdrawal)
    if proposal.withdrawal.state != State.PROCESSING:
        raise Conflict(
            _("Take this withdrawal up first, so that its owner no longer cancels it."),
            code="withdrawal_not_started",
        )
    proposal.registry_reference = proposal.registry_reference.strip()
    proposal.reason = proposal.reason.strip()
    _require_evidence(proposal)
    return proposal_create(proposal=proposal, by=by)


def withdrawal_outcome_decide(
    *, proposal: WithdrawalOutcome, decision: str, by: User, note: str = ""
) -> WithdrawalOutcome:
    """Approved, the withdrawal ends as was found, once for ever; rejected, it is still under way.

    Raises what `proposal_decide` raises.
    """
    return proposal_decide(proposal=proposal, decision=decision, by=by, note=note, apply=_end)


def _end(outcome: WithdrawalOutcome) -> None:
    withdrawal = _lock(outcome.withdrawal)
    _require_open(withdrawal)
    if outcome.outcome == WithdrawalOutcome.Outcome.REFUSED:
        _release(withdrawal, State.REFUSED)
        _tell(withdrawal, WebhookEvent.WITHDRAWAL_REFUSED, reason=outcome.reason)
        return
    assert outcome.decided_by is not None, "a decision has somebody who made it"
    for span in _reserved(withdrawal):
        block = span_isolate(span=span, reason=withdrawal.number, by=outcome.decided_by)
        reserved_withdraw(span=span, reference=outcome.registry_reference)
        SerialBlock.objects.filter(pk=block.pk).update(state=SerialBlock.State.WITHDRAWN)
    leg = Leg(
        from_owner=withdrawal.owner,
        to_owner=platform_owner_get(name=CUSTODY),
        asset=withdrawal.credit_class.asset,
        amount=withdrawal.amount_grams,
        kind=Transfer.Kind.WITHDRAWAL,
        reference=withdrawal.pk,
        from_held=True,
    )
    ledger_post(legs=[leg])
    _ended(withdrawal, State.FINAL)
    _tell(
        withdrawal,
        WebhookEvent.WITHDRAWAL_FINAL,
        registry_reference=outcome.registry_reference,
    )


def _tell(withdrawal: Withdrawal, event: WebhookEvent, **facts: str) -> None:
    webhook_event_record(
        owner=withdrawal.owner,
        event=event,
        data={
            "id": withdrawal.public_id,
            "number": withdrawal.number,
            "credit": withdrawal.credit_class.code,
            "tonnes": withdrawal.tonnes,
            **facts,
        },
    )


def _release(withdrawal: Withdrawal, state: Withdrawal.State) -> Withdrawal:
    """Everything is as it was before it was asked for."""
    for line in withdrawal.lines.all():
        reserved_release(grams=Grams(line.grams.lower, line.grams.upper))
    asset = withdrawal.credit_class.asset
    ledger_post(holds=[Hold(withdrawal.owner, asset, -withdrawal.amount_grams)])
    return _ended(withdrawal, state)


def _ended(withdrawal: Withdrawal, state: Withdrawal.State) -> Withdrawal:
    withdrawal.state, withdrawal.ended_at = state, timezone.now()
    withdrawal.save(update_fields=["state", "ended_at"])
    return withdrawal


def _reserved(withdrawal: Withdrawal) -> list[Span]:
    """Its reserved spans; a line may have been cut in several since."""
    spans = [
        span
        for line in withdrawal.lines.all()
        for span in Span.objects.filter(
            state=Span.State.RESERVED, grams__contained_by=line.grams
        ).select_related("block__vintage__credit_class", "block__root")
    ]
    reserved = sum(span.grams.upper - span.grams.lower for span in spans)
    assert reserved == withdrawal.amount_grams, "an open withdrawal has its serials reserved"
    return spans


def _lock(withdrawal: Withdrawal) -> Withdrawal:
    credit_class_lock(credit_class=withdrawal.credit_class)
    return (
        Withdrawal.objects.select_for_update(of=("self",), no_key=True)
        .select_related("owner", "credit_class__asset")
        .get(pk=withdrawal.pk)
    )


def _require_open(withdrawal: Withdrawal) -> None:
    if not withdrawal.is_open:
        raise Conflict(
            _("This withdrawal has ended: %(state)s.") % {"state": withdrawal.get_state_display()},
            code="withdrawal_ended",
        )


def _require_evidence(proposal: WithdrawalOutcome) -> None:
    fields: tuple[str, ...] = ("registry_reference", "transferred_on", "document")
    if proposal.outcome == WithdrawalOutcome.Outcome.REFUSED:
        fields = ("reason",)
    for field in fields:
        if not getattr(proposal, field):
            name = WithdrawalOutcome._meta.get_field(field).verbose_name  # type: ignore[union-attr]
            raise ServiceError(
                _("Fill in “%(field)s” for this outcome.") % {"field": name},
                code="evidence_missing",
                field=field,
            )


def _check(draft: Withdrawal) -> None:
    if not 1 <= draft.tonnes <= TONNES_MAX:
        raise ServiceError(
            _("Withdraw from 1 to %(max)s whole tonnes at a time.") % {"max": TONNES_MAX},
            code="amount_too_small" if draft.tonnes < 1 else "amount_too_large",
            field="tonnes",
        )
    try:
        draft.clean_fields(exclude=["number"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ServiceError(messages[0], code="invalid_withdrawal", field=field) from error


def _first_answer(draft: Withdrawal) -> Withdrawal | None:
    first = Withdrawal.objects.filter(
        owner=draft.owner, idempotency_key=draft.idempotency_key
    ).first()
    if first and any(getattr(first, name) != getattr(draft, name) for name in _SAME):
        raise _key_reused()
    return first


def _key_reused() -> Conflict:
    return Conflict(
        _("This idempotency key was used for another withdrawal. Send a new key."),
        code="idempotency_key_reused",
    )


def _number_and_save(draft: Withdrawal) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('registry_withdrawal_number')")
        number = cursor.fetchone()[0]
    draft.number = f"CCW-{timezone.now():%Y}-{number:07d}"
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError as error:
        # The lock on the class lets through the same key for another class.
        raise _key_reused() from error


def _line(withdrawal: Withdrawal, span: Span) -> WithdrawalLine:
    assert (span.grams.upper - span.grams.lower) % TONNE == 0, "only whole serials are reserved"
    serial = citation_of(span.block, span.grams.lower, span.grams.upper).serial
    return WithdrawalLine(withdrawal=withdrawal, block=span.block, grams=span.grams, serial=serial)

"""Retiring at the registry what was retired here: a work list that no gram slips through.

    filling -> ready -> confirmed

Whole tonnes are ready at once. Fractions fill up one tonne together, which is ready once it is
full; staff may fill it up from the platform's own balance. Two people see that the registry has
retired an item; its serials are then a block of their own that has left our custody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import FourEyesModel, User
from apps.accounts.services.four_eyes import proposal_create, proposal_decide
from apps.registry.allocation import TONNE
from apps.registry.models import (
    BeneficiaryCorrection,
    CreditClass,
    RegistryConfirmation,
    RegistryRetirement,
    Retirement,
    SerialBlock,
    Span,
)
from apps.registry.retiring import items_of
from apps.registry.selectors import blocks_reached, grams_by_state
from apps.registry.services.credit_classes import credit_class_lock
from apps.registry.services.splits import block_part

State = RegistryRetirement.State
# What a registry's form takes.
TEXT_CHARS_MAX = 500


def work_add(*, retirement: Retirement, spans: Iterable[Span]) -> None:
    """Puts what a retirement took on the list, each gram once.

    Within its transaction, with the class locked and its spans written.
    """
    for span in spans:
        lower, upper = span.grams.lower, span.grams.upper
        first, end = -(-lower // TONNE) * TONNE, upper // TONNE * TONNE
        if first < end:
            _ready_create(retirement, first, end)
        parts = {lower - lower % TONNE} if lower < first else set()
        if upper > end:
            parts.add(end)
        for start in sorted(parts):
            _fraction_add(retirement, start)


def _ready_create(retirement: Retirement, lower: int, upper: int) -> None:
    item = RegistryRetirement(
        credit_class=retirement.credit_class,
        grams=NumericRange(lower, upper),
        state=State.READY,
        retirement=retirement,
        ready_at=retirement.created_at,
    )
    texts_set(item=item)
    item.save(force_insert=True)


def _fraction_add(retirement: Retirement, start: int) -> None:
    """The tonne at `start` is on the list from its first gram, and ready with its last."""
    tonne = NumericRange(start, start + TONNE)
    item = RegistryRetirement.objects.filter(grams=tonne).first()
    if item is None:
        item = RegistryRetirement.objects.create(
            credit_class=retirement.credit_class, grams=tonne, state=State.FILLING
        )
    if grams_by_state(start, start + TONNE).get(Span.State.RETIRED) == TONNE:
        item.state, item.ready_at = State.READY, timezone.now()
        texts_set(item=item)
        item.save(update_fields=["state", "ready_at", "beneficiary", "reason"])


def texts_set(*, item: RegistryRetirement) -> None:
    """What the registry's form is to say of an item: one beneficiary, or those who share it."""
    shared = [item.retirement] if item.retirement else list(retirements_within(item))
    numbers = ", ".join(retirement.number for retirement in shared)
    names = "; ".join(dict.fromkeys(retirement.beneficiary for retirement in shared))
    item.beneficiary = Truncator(names).chars(TEXT_CHARS_MAX)
    item.reason = Truncator(f"Retired on ccmarket, {numbers}").chars(TEXT_CHARS_MAX)


def retirements_within(item: RegistryRetirement) -> QuerySet[Retirement]:
    """Whose grams an item is made of, by certificate number."""
    spans = Span.objects.filter(grams__overlap=item.grams, state=Span.State.RETIRED)
    return Retirement.objects.filter(spans__in=spans).distinct().order_by("number")


# ------------------------------------------------------------------ confirmed by the registry


def confirmation_submit(
    *, proposal: RegistryConfirmation, items: Iterable[RegistryRetirement], by: User
) -> RegistryConfirmation:
    """Records that the registry retired `items`. Nothing changes for them yet.

    Raises NotPermitted, ServiceError `invalid_proposal` or `items_missing`, Conflict
    `item_not_ready` or `correction_pending`.
    """
    proposal.registry_reference = proposal.registry_reference.strip()
    with transaction.atomic():
        wanted = {item.pk for item in items}
        classes = CreditClass.objects.filter(registry_retirements__in=wanted).distinct()
        for credit_class in classes.order_by("pk"):
            credit_class_lock(credit_class=credit_class)
        chosen = list(RegistryRetirement.objects.filter(pk__in=wanted).order_by("pk"))
        _check_items(chosen)
        made = proposal_create(proposal=proposal, by=by)
        RegistryRetirement.objects.filter(pk__in=wanted).update(confirmation=made)
    return made


def confirmation_decide(
    *, proposal: RegistryConfirmation, decision: str, by: User, note: str = ""
) -> RegistryConfirmation:
    """Approved, the items are retired at the registry, for ever; rejected, they are to be again.

    Raises what `proposal_decide` raises.
    """
    with transaction.atomic():
        decided = proposal_decide(
            proposal=proposal, decision=decision, by=by, note=note, apply=_confirm
        )
        if decided.decision == FourEyesModel.Decision.REJECTED:
            decided.items.exclude(state=State.CONFIRMED).update(confirmation=None)
    return decided


def _check_items(items: Sequence[RegistryRetirement]) -> None:
    if not items:
        raise ServiceError(
            _("Choose what the registry has retired."), code="items_missing", field="items"
        )
    for item in items:
        if item.state != State.READY or item.confirmation_id is not None:
            raise Conflict(
                _("%(item)s is not waiting to be retired. Reload the list.") % {"item": item},
                code="item_not_ready",
            )
        if BeneficiaryCorrection.objects.filter(
            retirement__in=retirements_within(item), decision=FourEyesModel.Decision.PENDING
        ).exists():
            raise Conflict(
                _("A beneficiary of %(item)s is being corrected. Decide that first.")
                % {"item": item},
                code="correction_pending",
            )


def _confirm(confirmation: RegistryConfirmation) -> None:
    items = confirmation.items.select_related("credit_class").order_by("credit_class_id", "grams")
    for item in items:
        credit_class_lock(credit_class=item.credit_class)
        _blocks_retire(item, confirmation)
        RegistryRetirement.objects.filter(pk=item.pk, state=State.READY).update(
            state=State.CONFIRMED
        )
    touched = {
        retirement.pk: retirement for item in items for retirement in retirements_within(item)
    }
    for retirement in touched.values():
        _certificate_confirm(retirement)


def _blocks_retire(item: RegistryRetirement, confirmation: RegistryConfirmation) -> None:
    """The item's serials are a block of their own, or several, retired as the registry has it."""
    assert confirmation.decided_by is not None, "a decision has somebody who made it"
    lower, upper = item.grams.lower, item.grams.upper
    blocks = blocks_reached(item.grams, SerialBlock.objects.all())
    for block in blocks.select_related("vintage__credit_class", "root").order_by("base"):
        first = block.start + max(0, lower - block.base) // TONNE
        last = min(block.end, block.start + (upper - block.base) // TONNE - 1)
        reason = confirmation.registry_reference
        part = block_part(
            block=block, first=first, last=last, reason=reason, by=confirmation.decided_by
        )
        SerialBlock.objects.filter(pk=part.pk).update(
            state=SerialBlock.State.RETIRED,
            retired_on=confirmation.retired_on,
            retirement_beneficiary=item.beneficiary,
            retirement_details=item.reason,
        )


def _certificate_confirm(retirement: Retirement) -> None:
    """The certificate as a whole is confirmed once every item of it is."""
    items = items_of(retirement)
    if any(item.state != State.CONFIRMED for item in items):
        return
    references = dict.fromkeys(str(item.confirmation) for item in items)
    Retirement.objects.filter(pk=retirement.pk).update(
        registry_confirmed_at=timezone.now(),
        registry_reference=Truncator(", ".join(references)).chars(140),
    )

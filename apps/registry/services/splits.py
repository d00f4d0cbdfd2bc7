"""Cutting a block in two where the registry did: `[start, last]` and `[last + 1, end]`.

No gram changes its address (docs/adr/0004), its state or its owner, so it takes one person. The
lower part keeps its row; the upper part is a new block of the same origin, which is what tokens on
chain are numbered in. The class is locked first, then the block.
"""

from __future__ import annotations

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.models import FourEyesModel, User
from apps.registry.models import (
    BlockSplit,
    CreditEvent,
    CustodyReceipt,
    RegistryEntry,
    SerialBlock,
    Span,
)
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.serials import parse
from apps.registry.services.credit_classes import credit_class_lock

CUT_STATES = frozenset(
    {SerialBlock.State.ISSUED, SerialBlock.State.IMMOBILISED, SerialBlock.State.WITHDRAWN}
)
PERMISSION = "registry.change_serialblock"


def block_split(*, block: SerialBlock, last_serial: int, reason: str, by: User) -> SerialBlock:
    """Cut the block after `last_serial`; the new upper part.

    `reason` is what it rests on: the registry's statement or transaction.

    Raises NotPermitted, ServiceError `reason_missing` or `split_outside`, Conflict
    `not_splittable`, `span_across` or `receipt_pending`.
    """
    if not (by.is_staff and by.has_perm(PERMISSION)):
        raise NotPermitted(_("You may not split blocks. Ask staff with that permission."))
    if not reason.strip():
        raise ServiceError(
            _("Say what the split rests on, such as the registry's statement."),
            code="reason_missing",
            field="reason",
        )
    with transaction.atomic():
        locked = block_lock(block=block)
        return _cut(locked, last_serial, reason.strip()[:200], by)


def block_part(*, block: SerialBlock, first: int, last: int, reason: str, by: User) -> SerialBlock:
    """The block of just the serials `first` to `last`, cut out of `block` where it is not yet.

    For services that know that the registry has cut there; within their transaction, with the
    class locked. Raises what `block_split` raises of cuts.
    """
    part = block_lock(block=block)
    if part.start < first:
        part = _cut(part, first - 1, reason, by)
    if part.end > last:
        _cut(part, last, reason, by)
        part.refresh_from_db()
    return part


def span_isolate(*, span: Span, reason: str, by: User) -> SerialBlock:
    """The block of just the serials of a span of whole tonnes, which `span` belongs to then."""
    # An earlier cut may have moved it to another block.
    span.refresh_from_db(fields=["block"])
    block = span.block
    first = block.start + (span.grams.lower - block.base) // GRAMS_PER_TONNE
    last = block.start + (span.grams.upper - block.base) // GRAMS_PER_TONNE - 1
    part = block_part(block=block, first=first, last=last, reason=reason, by=by)
    span.refresh_from_db(fields=["block"])
    return part


def block_lock(*, block: SerialBlock) -> SerialBlock:
    """The block as it is now, locked until the transaction ends, after its class."""
    credit_class = block.vintage.credit_class
    if credit_class is not None:
        credit_class_lock(credit_class=credit_class)
    return (
        SerialBlock.objects.select_for_update(of=("self",), no_key=True)
        .select_related("vintage__credit_class", "root")
        .get(pk=block.pk)
    )


def _cut(block: SerialBlock, last_serial: int, reason: str, by: User) -> SerialBlock:
    _check(block, last_serial)
    before, border = block.serial, _border(block, last_serial)
    serial, addresses = parse(before), NumericRange(block.base, block.base + block.grams)
    for span in Span.objects.filter(block=block, grams__contains=_across(border)):
        _span_cut(span, border)
    SerialBlock.objects.filter(pk=block.pk).update(
        end=last_serial,
        serial=str(serial.part(block.start, last_serial)),
        issued_serial=block.issued_serial or ("" if block.root_id else before),
    )
    upper = _upper_create(block, last_serial + 1, str(serial.part(last_serial + 1, block.end)))
    Span.objects.filter(block=block, grams__startswith__gte=border).update(block=upper)
    for part in (block, upper):
        _ended_mark(part)
    BlockSplit.objects.create(
        lower=block,
        upper=upper,
        serial_before=before,
        last_serial=last_serial,
        reason=reason,
        by=by,
    )
    CreditEvent.objects.create(
        block=block,
        grams=addresses,
        kind=CreditEvent.Kind.SPLIT,
        reference=reason[:120],
        at=timezone.now(),
    )
    return upper


def _check(block: SerialBlock, last_serial: int) -> None:
    if not block.start <= last_serial < block.end:
        raise ServiceError(
            _("Split after a serial from %(first)s to %(last)s.")
            % {"first": block.start, "last": block.end - 1},
            code="split_outside",
            field="last_serial",
        )
    if block.state not in CUT_STATES:
        raise Conflict(
            _("This block cannot be split: %(state)s.") % {"state": block.get_state_display()},
            code="not_splittable",
        )
    whole = NumericRange(block.base, block.base + block.grams)
    if CustodyReceipt.objects.filter(
        grams__overlap=whole, decision=FourEyesModel.Decision.PENDING
    ).exists():
        raise Conflict(
            _("A receipt of this block waits for its decision. Decide it first."),
            code="receipt_pending",
        )
    across = Span.objects.filter(
        block=block,
        state=Span.State.TOKENISED,
        grams__contains=_across(_border(block, last_serial)),
    ).first()
    if across is not None:
        first = block.start + (across.grams.lower - block.base) // GRAMS_PER_TONNE
        last = block.start + (across.grams.upper - block.base) // GRAMS_PER_TONNE - 1
        raise Conflict(
            _(
                "Serials %(first)s to %(last)s are out as NFTs together. Split before or after "
                "them: what is out cannot have moved at the registry."
            )
            % {"first": first, "last": last},
            code="span_across",
        )


def _border(block: SerialBlock, last_serial: int) -> int:
    """The address of the first gram after `last_serial`."""
    return block.base + (last_serial + 1 - block.start) * GRAMS_PER_TONNE


def _across(border: int) -> NumericRange:
    """The two grams on either side of it."""
    return NumericRange(border - 1, border + 1)


def _span_cut(span: Span, border: int) -> None:
    """Two spans instead of one across the border; the first makes room for the second."""
    upper = span.grams.upper
    span.grams = NumericRange(span.grams.lower, border)
    span.save(update_fields=["grams"])
    span.pk = None
    span.grams = NumericRange(border, upper)
    span.save(force_insert=True)


def _upper_create(block: SerialBlock, start: int, serial: str) -> SerialBlock:
    """The new block, like the other in all that the registry says of it."""
    names = (
        *("series", "vintage", "end", "state", "issued_on", "certifications", "retired_on"),
        *("retirement_beneficiary", "retirement_reason", "retirement_details"),
    )
    facts = {name: getattr(block, name) for name in names}
    upper = SerialBlock.objects.create(root=block.origin, serial=serial, start=start, **facts)
    upper.refresh_from_db(fields=["base", "free"])
    return upper


def _ended_mark(block: SerialBlock) -> None:
    """A part all of whose serials the registry has ended is retired, as an import would say."""
    if block.state != SerialBlock.State.ISSUED:
        return
    block.refresh_from_db(fields=["end", "base"])
    entries = RegistryEntry.objects.filter(
        grams__overlap=NumericRange(block.base, block.base + block.grams)
    ).values_list("grams", flat=True)
    lower, upper = block.base, block.base + block.grams
    ended = sum(min(r.upper, upper) - max(r.lower, lower) for r in entries if r is not None)
    if ended == block.grams:
        SerialBlock.objects.filter(pk=block.pk).update(state=SerialBlock.State.RETIRED)

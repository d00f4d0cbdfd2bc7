"""Taking grams out of the fractional balances, and giving them back.

Free grams are those of immobilised blocks in no span. Taking locks the class first, so that two
takers do not choose the same grams; should something forget to, the database's exclusion
constraint refuses the second one all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.registry.allocation import (
    TONNE,
    Grams,
    take_for_retirement,
    take_whole_tonnes,
    without,
)
from apps.registry.models import CreditClass, CreditEvent, Retirement, SerialBlock, Span
from apps.registry.services.credit_classes import credit_class_lock

# Oldest issuance first. Where the registry did not say when, the order of serials tells.
FREE_GRAMS = """
SELECT b.id, lower(r), upper(r)
FROM registry_vintage v JOIN registry_serialblock b ON b.vintage_id = v.id, unnest(b.free) r
WHERE v.credit_class_id = %s AND b.state = 'immobilised'
ORDER BY b.issued_on NULLS FIRST, b.base, r
"""

# What is free of one tonne, which lies in one block.
FREE_OF_TONNE = """
SELECT b.id, lower(r), upper(r)
FROM registry_blocks_reached(int8range(%(lower)s, %(upper)s)) b,
     unnest(b.free * int8multirange(int8range(%(lower)s, %(upper)s))) r
ORDER BY r
"""

Taken = list[tuple[int, Grams]]


def spans_retire(*, retirement: Retirement) -> list[Span]:
    """Spans for the whole amount of a new retirement from a balance, with their events.

    Within its transaction, with the class locked. Raises Conflict `grams_short`.
    """
    taken = _choose(retirement.credit_class, retirement.amount_grams, whole_tonnes=False)
    return _retired(taken, retirement)


def spans_retire_rest(*, retirement: Retirement, tonne: Grams) -> list[Span]:
    """Spans for all that is free of one tonne, which is the retirement's whole amount.

    Within its transaction, with the class locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(FREE_OF_TONNE, {"lower": tonne.lower, "upper": tonne.upper})
        taken = [(block, Grams(lower, upper)) for block, lower, upper in cursor.fetchall()]
    free = sum(grams.size for _block, grams in taken)
    assert free == retirement.amount_grams, "the rest of a begun tonne is free"
    return _retired(taken, retirement)


def spans_reserve(
    *, credit_class: CreditClass, tonnes: int, state: Span.State = Span.State.TOKENISED
) -> list[Span]:
    """Whole free serials as spans of `state`, one for each contiguous run.

    The event that the world sees follows at finality (`span_tokenised`); until then the caller
    holds as many grams of the owner's balance. Raises Conflict `grams_short`, ServiceError.
    """
    if tonnes < 1:
        raise ServiceError(
            _("Only whole tonnes leave. Ask for one tonne or more."),
            code="amount_too_small",
            field="tonnes",
        )
    with transaction.atomic():
        credit_class_lock(credit_class=credit_class)
        taken = _choose(credit_class, tonnes * TONNE, whole_tonnes=True)
        return _spans_write(taken, state)


def span_tokenised(*, span: Span, reference: str, at: datetime | None = None) -> None:
    """Tell the world that the span's tonnes are out as NFTs. `reference` is the transaction."""
    _events_write([(span.block_id, _grams(span))], CreditEvent.Kind.TOKENISED, reference, at)


def span_release(*, span: Span) -> None:
    """Give back a reserved span that never got out: its grams are free again."""
    with transaction.atomic():
        Span.objects.get(pk=span.pk, state=Span.State.TOKENISED).delete()


def tokenised_redeem(
    *,
    block: SerialBlock,
    first_serial: int,
    last_serial: int,
    reference: str,
    at: datetime | None = None,
) -> None:
    """The serials came back from the chain: free again. `reference` is the transaction.

    `block` is the one that the chain names; the serials may be in parts cut from it since.

    Raises Conflict `not_tokenised` unless all of them are out. The caller moves the balance.
    """
    with transaction.atomic():
        taken = _tokenised_take(block, first_serial, last_serial)
        _events_write(taken, CreditEvent.Kind.REDEEMED, reference, at)


def tokenised_retire(
    *, block: SerialBlock, first_serial: int, last_serial: int, retirement: Retirement
) -> list[Span]:
    """The serials were retired on chain: their span belongs to `retirement` from now on.

    Within its transaction. Raises Conflict `not_tokenised` unless all of them are out.
    """
    return _retired(_tokenised_take(block, first_serial, last_serial), retirement)


def reserved_release(*, grams: Grams) -> None:
    """The grams, which are reserved for a withdrawal, are free again.

    Within the transaction, with the class locked.
    """
    spans = Span.objects.filter(state=Span.State.RESERVED, grams__contained_by=_range(grams))
    released = sum(_grams(span).size for span in spans)
    assert released == grams.size, "what is released was reserved"
    spans.delete()


def reserved_withdraw(*, span: Span, reference: str) -> None:
    """The registry has transferred the serials of a reserved span, which are a block of their own.

    Within the transaction, with the class locked; the caller moves the balance.
    """
    Span.objects.filter(pk=span.pk, state=Span.State.RESERVED).update(state=Span.State.WITHDRAWN)
    _events_write([(span.block_id, _grams(span))], CreditEvent.Kind.WITHDRAWN, reference, None)


def _choose(credit_class: CreditClass, amount_grams: int, *, whole_tonnes: bool) -> Taken:
    """Free grams of the class with the id of the block that each range lies in."""
    with connection.cursor() as cursor:
        cursor.execute(FREE_GRAMS, [credit_class.pk])
        rows = cursor.fetchall()
    free = [Grams(lower, upper) for _block, lower, upper in rows]
    taken = (
        take_whole_tonnes(free, amount_grams // TONNE)
        if whole_tonnes
        else take_for_retirement(free, amount_grams)
    )
    if taken is None:
        raise Conflict(
            _("There are not enough whole serial numbers free for this just now. Ask for less."),
            code="grams_short",
        )
    return [(_block_of(piece, rows), piece) for piece in taken]


def _block_of(piece: Grams, rows: Sequence[tuple[int, int, int]]) -> int:
    return next(block for block, lower, upper in rows if lower <= piece.lower < upper)


def _tokenised_take(block: SerialBlock, first_serial: int, last_serial: int) -> Taken:
    """Takes the serials out of tokenised spans, which shrink, part or disappear.

    The grams by the block that they are in now: one has been cut from the other, if two are.
    """
    wanted = serials_to_grams(block, first_serial, last_serial)
    credit_class = block.vintage.credit_class
    assert credit_class is not None, "a block with tokens out has a class"
    credit_class_lock(credit_class=credit_class)
    spans = Span.objects.filter(
        Q(block=block.origin) | Q(block__root=block.origin),
        state=Span.State.TOKENISED,
        grams__overlap=_range(wanted),
    )
    taken: dict[int, list[Grams]] = {}
    for span in spans.order_by("grams"):
        whole = _grams(span)
        inside = Grams(max(whole.lower, wanted.lower), min(whole.upper, wanted.upper))
        taken.setdefault(span.block_id, []).append(inside)
        pieces = without([whole], wanted)
        if not pieces:
            span.delete()
            continue
        # The shrunken span makes room before the other part is written.
        span.grams = _range(pieces[0])
        span.save(update_fields=["grams"])
        _spans_write([(span.block_id, piece) for piece in pieces[1:]], Span.State.TOKENISED)
    if sum(piece.size for pieces in taken.values() for piece in pieces) != wanted.size:
        raise Conflict(_("Not all of these serial numbers are out as NFTs."), code="not_tokenised")
    return [(pk, Grams(pieces[0].lower, pieces[-1].upper)) for pk, pieces in taken.items()]


def serials_to_grams(block: SerialBlock, first_serial: int, last_serial: int) -> Grams:
    """The gram addresses of a run of serials of the block, or of parts cut from it since."""
    assert block.start <= first_serial <= last_serial, "serials outside their block"
    lower = block.base + (first_serial - block.start) * TONNE
    return Grams(lower, lower + (last_serial - first_serial + 1) * TONNE)


def _retired(taken: Taken, retirement: Retirement) -> list[Span]:
    spans = _spans_write(taken, Span.State.RETIRED, retirement)
    _events_write(taken, CreditEvent.Kind.RETIRED, retirement.number, retirement.created_at)
    return spans


def _spans_write(taken: Taken, state: str, retirement: Retirement | None = None) -> list[Span]:
    try:
        with transaction.atomic():
            return Span.objects.bulk_create(
                Span(block_id=block, grams=_range(grams), state=state, retirement=retirement)
                for block, grams in taken
            )
    except IntegrityError as error:
        raise Conflict(
            _("Somebody else has just taken these grams. Nothing was changed; try again."),
            code="grams_taken",
        ) from error


def _events_write(taken: Taken, kind: str, reference: str, at: datetime | None) -> None:
    CreditEvent.objects.bulk_create(
        CreditEvent(
            block_id=block,
            grams=_range(grams),
            kind=kind,
            reference=reference,
            at=at or timezone.now(),
        )
        for block, grams in taken
    )


def _grams(span: Span) -> Grams:
    return Grams(span.grams.lower, span.grams.upper)


def _range(grams: Grams) -> NumericRange:
    return NumericRange(grams.lower, grams.upper)

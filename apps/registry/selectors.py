"""Grams in the registry's terms, and the public trace of serial numbers. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.fields import RangeOperators
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import (
    BigIntegerField,
    ExpressionWrapper,
    F,
    Func,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Greatest, Least
from django.db.models.lookups import PostgresOperatorLookup

from apps.registry.models import (
    CreditEvent,
    RegistryEntry,
    Retirement,
    SerialBlock,
    SerialSeries,
    Span,
)
from apps.registry.models.blocks import GRAMS_PER_TONNE, SERIALS
from apps.registry.registries import REGISTRIES
from apps.registry.serials import Serial, parse


@dataclass(frozen=True, slots=True)
class Citation:
    """Grams of one block in the registry's terms.

    From gram `gram_from` of serial `first` up to gram `gram_to` of serial `last`, both inclusive
    and counted from 1; `serial` is the registry's spelling of the serials `first` to `last`.
    """

    block: SerialBlock
    serial: str
    first: int
    last: int
    gram_from: int
    gram_to: int
    grams: int

    @property
    def is_whole(self) -> bool:
        """Whether it is made of whole tonnes."""
        return self.gram_from == 1 and self.gram_to == GRAMS_PER_TONNE


def citation_of(block: SerialBlock, lower: int, upper: int) -> Citation:
    """The gram addresses `[lower, upper)` of a block in the registry's terms."""
    assert block.origin.base <= lower < upper
    first, gram_from = divmod(lower - block.base, GRAMS_PER_TONNE)
    last, gram_to = divmod(upper - 1 - block.base, GRAMS_PER_TONNE)
    first, last = block.start + first, block.start + last
    return Citation(
        block=block,
        serial=serial_of(block, first, last),
        first=first,
        last=last,
        gram_from=gram_from + 1,
        gram_to=gram_to + 1,
        grams=upper - lower,
    )


def serial_of(block: SerialBlock, first: int, last: int) -> str:
    """The registry's spelling of serials of the block, or of what it was before it was cut."""
    is_inside = block.start <= first and last <= block.end
    return str(parse(block.serial if is_inside else block.whole_serial).part(first, last))


def retirement_by_number(number: str) -> Retirement | None:
    """The retirement with this certificate number."""
    return (
        Retirement.objects.select_related("credit_class__project__registry")
        .filter(number=number)
        .first()
    )


def grams_by_state(lower: int, upper: int) -> dict[str, int]:
    """How many of the gram addresses `[lower, upper)` are in spans of each state."""
    inside = Least(F("grams__endswith"), upper) - Greatest(F("grams__startswith"), lower)
    rows = (
        Span.objects.filter(grams__overlap=NumericRange(lower, upper))
        .values("state")
        .annotate(inside=Sum(inside))
        .values_list("state", "inside")
    )
    return {state: int(grams) for state, grams in rows}


@dataclass(frozen=True, slots=True)
class Step:
    """One event in the life of some of the grams looked at."""

    kind: str
    label: str
    at: datetime
    reference: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Trace:
    """Where the serials `first` to `last` of one block came from and where they are now.

    `standing` has grams by state: `issued`, `immobilised` (backing balances), `tokenised`,
    `reserved`, `retired`, `withdrawn`, `cancelled`; together they are all the grams of the serials.
    """

    block: SerialBlock
    citation: Citation
    standing: dict[str, int]
    events: QuerySet[CreditEvent]

    @property
    def serial(self) -> str:
        return self.citation.serial


def traces_of(text: str) -> list[Trace]:
    """The traces of a serial number as a person copied it: one for each block that it touches.

    Empty where we know none of it. Raises SerialRefused for what no registry writes.
    """
    serial = parse(text)
    found = SerialBlock.objects.select_related(
        "vintage__project__registry", "vintage__credit_class", "root"
    )
    return [_trace(block, serial) for block in blocks_of(serial, found).order_by("base")]


def blocks_of(serial: Serial, among: QuerySet[SerialBlock]) -> QuerySet[SerialBlock]:
    """The blocks of `among` that any number of the serial lies in."""
    if (reach := _addresses(serial)) is None:
        return among.none()
    return blocks_reached(reach, among)


def blocks_reached(grams: NumericRange, among: QuerySet[SerialBlock]) -> QuerySet[SerialBlock]:
    """The blocks of `among` that any of these gram addresses lies in.

    Blocks never overlap: they are those that start inside, and the last that starts before.
    """
    before = SerialBlock.objects.filter(base__lte=grams.lower).order_by("-base").values("base")
    after = F("base") + (F("end") - F("start") + 1) * GRAMS_PER_TONNE
    return among.alias(after=ExpressionWrapper(after, BigIntegerField())).filter(
        base__gte=Coalesce(Subquery(before[:1]), grams.lower),
        base__lt=grams.upper,
        after__gt=grams.lower,
    )


def entries_of(serial: Serial, among: QuerySet[RegistryEntry]) -> QuerySet[RegistryEntry]:
    """The endings of `among` that any number of the serial lies in."""
    if (reach := _addresses(serial)) is None:
        return among.none()
    return among.filter(grams__overlap=reach)


def _addresses(serial: Serial) -> NumericRange | None:
    """The gram addresses of the serial; None where its series is unknown."""
    series = SerialSeries.objects.filter(
        registry__code=REGISTRIES[serial.registry].code, key=serial.series
    ).first()
    if series is None:
        return None
    return NumericRange(
        series.first_gram + serial.first * GRAMS_PER_TONNE,
        series.first_gram + (serial.last + 1) * GRAMS_PER_TONNE,
    )


def blocks_with_number(number: int) -> QuerySet[SerialBlock]:
    """Every block, of any series, that has a serial of this number."""
    everywhere = Func(Value(number), function="registry_serials_numbered")
    return (
        SerialBlock.objects.filter(_Overlap(SERIALS, everywhere))
        .select_related("vintage__project")
        .order_by("serial")
    )


class _Overlap(PostgresOperatorLookup):
    postgres_operator = RangeOperators.OVERLAPS


def _trace(block: SerialBlock, serial: Serial) -> Trace:
    first, last = max(block.start, serial.first), min(block.end, serial.last)
    lower = block.base + (first - block.start) * GRAMS_PER_TONNE
    upper = block.base + (last + 1 - block.start) * GRAMS_PER_TONNE
    standing = grams_by_state(lower, upper)
    rest = upper - lower - sum(standing.values())
    if rest:
        standing[block.state] = standing.get(block.state, 0) + rest
    events = CreditEvent.objects.filter(grams__overlap=NumericRange(lower, upper))
    return Trace(
        block=block,
        citation=citation_of(block, lower, upper),
        standing=standing,
        events=events.select_related("block__root"),
    )


def step_of(event: CreditEvent) -> Step:
    """An event in the registry's terms."""
    return Step(
        kind=event.kind,
        label=event.get_kind_display(),
        at=event.at,
        reference=event.reference,
        citation=citation_of(event.block, event.grams.lower, event.grams.upper),
    )

"""Which grams to take out of those that are free. Plain arithmetic: no database, no clock.

Gram addresses are such that every tonne starts at a multiple of 10^6. Ranges are half-open.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

TONNE = 1_000_000


class Grams(NamedTuple):
    """The gram addresses from `lower` up to, not including, `upper`."""

    lower: int
    upper: int

    @property
    def size(self) -> int:
        return self.upper - self.lower


def take_for_retirement(free: Sequence[Grams], amount: int) -> list[Grams] | None:
    """`amount` grams of `free`, which is in the order in which it is used up; None if too few.

    Whole tonnes come as whole serials. What is left over first fills up tonnes that others have
    begun, then begins a new one: so at most one tonne is ever partly used, unless a broken one
    is given back.
    """
    wholes, fragments = _wholes_and_fragments(free)
    filled = _take(fragments, amount % TONNE)
    started = _take(wholes, amount - _size(filled))
    rest = _take(_without(fragments, filled), amount - _size(filled) - _size(started))
    taken = filled + started + rest
    return _joined(taken, free) if _size(taken) == amount else None


def take_whole_tonnes(free: Sequence[Grams], tonnes: int) -> list[Grams] | None:
    """Whole serials of `free`, in as few runs as its order allows; None if there are too few."""
    wholes, _fragments = _wholes_and_fragments(free)
    taken = _take(wholes, tonnes * TONNE)
    return taken if _size(taken) == tonnes * TONNE else None


def without(ranges: Iterable[Grams], gone: Grams) -> list[Grams]:
    """What is left of `ranges` when `gone` is taken away."""
    pieces = (
        piece
        for lower, upper in ranges
        for piece in (
            Grams(lower, min(upper, max(lower, gone.lower))),
            Grams(max(lower, min(upper, gone.upper)), upper),
        )
    )
    return [piece for piece in pieces if piece.size > 0]


def _wholes_and_fragments(free: Iterable[Grams]) -> tuple[list[Grams], list[Grams]]:
    """The free whole tonnes, in runs, and the free parts of tonnes that are partly used."""
    wholes: list[Grams] = []
    fragments: list[Grams] = []
    for lower, upper in free:
        start, end = -(-lower // TONNE) * TONNE, upper // TONNE * TONNE
        if start > end:
            fragments.append(Grams(lower, upper))
            continue
        wholes.append(Grams(start, end))
        fragments += [Grams(lower, start), Grams(end, upper)]
    return [r for r in wholes if r.size], [r for r in fragments if r.size]


def _take(ranges: Iterable[Grams], amount: int) -> list[Grams]:
    """The first `amount` grams of `ranges`, or all of them."""
    taken: list[Grams] = []
    for lower, upper in ranges:
        if amount <= 0:
            break
        taken.append(Grams(lower, min(upper, lower + amount)))
        amount -= taken[-1].size
    return taken


def _without(ranges: Iterable[Grams], gone: Iterable[Grams]) -> list[Grams]:
    left = list(ranges)
    for piece in gone:
        left = without(left, piece)
    return left


def _joined(pieces: Iterable[Grams], free: Iterable[Grams]) -> list[Grams]:
    """`pieces` in order of address, touching ones as one, but never across two of `free`.

    Two blocks may touch, and a piece belongs to one of them.
    """
    ends = {r.upper for r in free}
    joined: list[Grams] = []
    for piece in sorted(pieces):
        if joined and joined[-1].upper == piece.lower and piece.lower not in ends:
            joined[-1] = Grams(joined[-1].lower, piece.upper)
        else:
            joined.append(piece)
    return joined


def _size(ranges: Iterable[Grams]) -> int:
    return sum(r.size for r in ranges)

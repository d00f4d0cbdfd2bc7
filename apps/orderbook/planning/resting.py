"""Where grams that nobody sells yet wait: so many at a limit price in each market.

Whatever fills, and in whichever order, no demand gets more than it asks for, but for less than one
lot a place, and no more money goes than there is: each gram waits in one place at a time, and each
place is paid for at its limit with the market's highest fee. What is on offer within a limit comes
first; the rest waits in equal parts in the markets that suit. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from apps.orderbook.engine.book.money import MICRO, affordable_size, hold_of, notional_of
from apps.orderbook.engine.book.words import BUY
from apps.orderbook.planning.problem import Level

# In how many markets the grams of one demand wait at once.
PLACES_MAX: Final = 8


class Place(NamedTuple):
    """A limit price in a market, by the market's place among the books."""

    book: int
    price: int


@dataclass(frozen=True, slots=True)
class Book:
    """What a market has on offer, best first, and what it takes.

    No more than `room` grams may wait there. Markets where some wait already are preferred to
    others: who waits longest at a price is the first to trade.
    """

    levels: tuple[Level, ...]
    size_increment: int
    size_min: int
    notional_min: int
    notional_max: int
    taker_bps: int
    room: int
    is_used: bool = False

    def lots(self, size: int) -> int:
        """So many grams in whole lots, rounded up."""
        return -(-size // self.size_increment) * self.size_increment

    def least(self, price: int) -> int:
        """The smallest order that the market takes at this price."""
        by_value = -(-self.notional_min * MICRO // price)
        return self.lots(max(self.size_min, by_value))


@dataclass(frozen=True, slots=True)
class Wish:
    """Grams that a demand still wants. `limits` are the prices to wait at, by book."""

    grams: int
    limits: dict[int, int]


def spread(books: Sequence[Book], wishes: Sequence[Wish], money: int) -> dict[Place, int]:
    """How many grams wait at each place, for no more than `money` with fees."""
    spreading = _Spreading(books, money)
    # Those with the least to choose from first.
    order = sorted(range(len(wishes)), key=lambda n: (len(wishes[n].limits), n))
    left = {number: wishes[number].grams for number in order}
    for number in order:
        left[number] -= spreading.take_offers(wishes[number], left[number])
    for number in order:
        spreading.wait(wishes[number], left[number])
    return {place: size for place, size in spreading.sizes.items() if size}


class _Spreading:
    """What waits at each place so far, and how much of that is wanted by somebody."""

    def __init__(self, books: Sequence[Book], money: int) -> None:
        self._books = books
        self._money = money
        self._rooms = [book.room for book in books]
        self._wanted: dict[Place, int] = {}
        self.sizes: dict[Place, int] = {}
        self._offers = sorted(
            [level.price, place, level.size]
            for place, book in enumerate(books)
            for level in book.levels
        )

    def take_offers(self, wish: Wish, grams: int) -> int:
        """Goes where there are offers within the wish's limits. How many grams found one."""
        taken = 0
        for offer in self._offers:
            price, book, there = offer
            if taken == grams:
                break
            if not there or price > wish.limits.get(book, 0):
                continue
            got = self._add(Place(book, wish.limits[book]), min(there, grams - taken))
            offer[2] -= got
            taken += got
        return taken

    def wait(self, wish: Wish, grams: int) -> None:
        """The rest, or what of it the money pays for, in equal parts; where one market takes no
        more, the next ones get it."""
        grams -= self._share_lots(wish, grams)
        chosen = sorted(sorted(wish.limits, key=lambda book: self._rank(wish, book))[:PLACES_MAX])
        dearest = max((wish.limits[book] for book in chosen), default=1)
        payable = min(grams, self._money * MICRO // dearest)
        for at, book in enumerate(chosen):
            got = self._add_part(wish, book, payable, len(chosen) - at)
            payable, grams = payable - got, grams - got
        for book in chosen:
            grams -= self._add_part(wish, book, grams, 1)

    def _add_part(self, wish: Wish, book: int, grams: int, parts: int) -> int:
        """One of so many parts of the grams, in whole lots but for the last."""
        part, place = grams // parts, Place(book, wish.limits[book])
        if parts > 1:
            part -= part % self._books[book].size_increment
        return self._add(place, max(part, min(grams, self._books[book].least(place.price))))

    def _rank(self, wish: Wish, book: int) -> tuple[bool, int, int]:
        """Where somebody sells nearest to the limit comes first."""
        levels = self._books[book].levels
        gap = levels[0].price - wish.limits[book] if levels else 1 << 62
        return not self._books[book].is_used, gap, book

    def _share_lots(self, wish: Wish, grams: int) -> int:
        """What whole lots of others have left over."""
        found = 0
        for place in sorted(self.sizes):
            if place.price <= wish.limits.get(place.book, 0):
                part = min(grams - found, self.sizes[place] - self._wanted[place])
                self._wanted[place] += part
                found += part
        return found

    def _add(self, place: Place, grams: int) -> int:
        """More at a place, in whole lots, as far as room and money go. How many of the grams."""
        book, size = self._books[place.book], self.sizes.get(place, 0)
        wanted = self._wanted.get(place, 0)
        if grams <= 0:
            return 0
        least, needed = book.least(place.price), wanted + grams
        target = max(size, book.lots(needed))
        if target < least <= needed + max(book.size_increment, book.size_min):
            target = least
        target = min(target, size + self._rooms[place.book], self._affordable(place, size))
        target -= target % book.size_increment
        if target < max(least, size):
            return 0
        got = min(grams, target - wanted)
        self._money -= self._worth(place, target) - self._worth(place, size)
        self._rooms[place.book] -= target - size
        self.sizes[place], self._wanted[place] = target, wanted + got
        return got

    def _affordable(self, place: Place, size: int) -> int:
        """The largest size that this place can have for the money that is left."""
        book, most = self._books[place.book], self._money + self._worth(place, size)
        by_money = affordable_size(place.price, max(0, most), book.taker_bps, book.size_increment)
        by_value = book.notional_max * MICRO // place.price
        return max(size, min(by_money, by_value))

    def _worth(self, place: Place, size: int) -> int:
        return worst_of(place.price, size, self._books[place.book].taker_bps)


def worst_of(price: int, size: int, taker_bps: int) -> int:
    """What an order that waits costs at most, fees included; it is what it holds."""
    assert notional_of(price, size) * MICRO == price * size, (price, size)
    return hold_of(BUY, price, size, taker_bps)

"""What a bulk order that waits still wants, and where: from its rows and the books of now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from apps.orderbook.models import BulkExecution, BulkStep, Product
from apps.orderbook.models.bulk import BPS
from apps.orderbook.planning.problem import Level, Market, Problem, Rules
from apps.orderbook.planning.resting import Book, Place, Wish, spread, worst_of
from apps.orderbook.selectors.bands import price_ceiling
from apps.orderbook.services.bulk_allotment import allotment_of, levels_bought
from apps.orderbook.services.bulk_planning import (
    asks_of,
    classes_of_demands,
    problem_of,
    sources_of,
)
from apps.orderbook.services.bulk_rests import Rest
from apps.registry.models import CreditClass

NO_ROOM_LIMIT: Final = 1 << 62


class Wishes:
    """An execution at a moment: the grams of each demand that nothing bought covers, and with
    `is_waiting` nothing that waits either; what is left of the total, `money`."""

    def __init__(self, execution: BulkExecution, *, is_waiting: bool) -> None:
        self._execution, self._order = execution, execution.order
        self._demands = list(self._order.demands.order_by("number"))
        self.steps = list(execution.steps.select_related("product").order_by("number"))
        self._bought = [levels_bought(execution, step) for step in self.steps]
        self._buys = {
            buy.product_id: buy
            for buy in execution.plan.buys.filter(quote_line=None).order_by("pk")
        }
        self._is_waiting = is_waiting
        self.open = self._open(covered=self._covered if is_waiting else self._bought)
        self.money = execution.total_max - sum(
            step.spent if step.over_at else worst_of(step.price, step.size, step.product.taker_bps)
            for step in self.steps
        )

    @property
    def is_open(self) -> bool:
        """Whether a demand lacks something."""
        return any(self.open)

    def rests(self, *, blocked: Collection[int]) -> list[Rest]:
        """What is to wait beside what waits already."""
        books, products = self._books(blocked, self._covered)
        found = spread(books, self._wishes(products, self.open), max(0, self.money))
        return [
            rest
            for place, size in sorted(found.items())
            for rest in _parts(products[place.book], place, size)
        ]

    def misplaced(self, *, blocked: Collection[int]) -> list[BulkStep]:
        """The steps that wait where no more, or less, is wanted. The latest of a place first."""
        books, products = self._books(blocked, self._bought)
        spent = sum(
            step.spent if step.over_at else _worth(levels, step.product.taker_bps)
            for step, levels in zip(self.steps, self._bought, strict=True)
        )
        wanted = spread(
            books,
            self._wishes(products, self._open(covered=self._bought)),
            max(0, self._execution.total_max - spent),
        )
        sizes = {(products[place.book].pk, place.price): size for place, size in wanted.items()}
        found = []
        for step, levels in zip(self.steps, self._bought, strict=True):
            if not step.is_waiting:
                continue
            key, left = (step.product_id, step.price), step.size - _grams(levels)
            # Who waits longest keeps its turn, as far as it is wanted.
            if left > sizes.get(key, 0):
                found.append(step)
            else:
                sizes[key] = sizes.get(key, 0) - left
        return found

    def problem(self, *, blocked: Collection[int]) -> tuple[Problem, list[Product]]:
        """What the books offer now within the prices of plan and lines, and its markets."""
        whole = problem_of(self._order)
        demands = tuple(
            replace(demand, grams=grams, price_max=self._price_max(demand.price_max))
            for demand, grams in zip(whole.demands, self.open, strict=True)
        )
        products = Product.objects.in_bulk([source.product_id for source in sources_of(whole)])
        places, cut, kept = [], [], []
        for place, (source, market) in enumerate(
            zip(sources_of(whole), whole.markets, strict=True)
        ):
            smaller = self._cut(market, source.product_id)
            if smaller.levels and source.product_id not in blocked:
                places.append(place)
                cut.append(smaller)
                kept.append(products[source.product_id])
        rules = Rules(total_max=max(0, self.money))
        asked = replace(whole, demands=demands).only(places, rules)
        return Problem(tuple(cut), tuple(d for d in asked.demands if d.grams), rules), kept

    @cached_property
    def _covered(self) -> list[list[Level]]:
        """The same as what was bought, as if all that waits were filled at its limit."""
        return [
            [*levels, Level(step.price, step.size - _grams(levels))] if step.is_waiting else levels
            for step, levels in zip(self.steps, self._bought, strict=True)
        ]

    def _open(self, *, covered: Sequence[Sequence[Level]]) -> list[int]:
        return allotment_of(self.steps, covered, self._demands, {}).open

    def _books(
        self, blocked: Collection[int], covered: Sequence[Sequence[Level]]
    ) -> tuple[list[Book], list[Product]]:
        """The open markets of the order's currency, and what may be added in each of them."""
        used = {step.product_id for step in self.steps if step.is_waiting}
        asks, rooms = asks_of(self._order), self._rooms(covered)
        found = Product.objects.filter(
            quote=self._order.quote_id, state=Product.State.OPEN, base__in=self._assets
        ).exclude(pk__in=blocked)
        products = list(found.order_by("pk"))
        books = [
            Book(
                levels=tuple(asks.get(product.pk, ())),
                size_increment=product.size_increment,
                size_min=product.size_min,
                notional_min=product.notional_min,
                notional_max=product.notional_max,
                taker_bps=product.taker_bps,
                room=rooms.get(product.pk, 0) if self._has_shares else NO_ROOM_LIMIT,
                is_used=product.pk in used,
            )
            for product in products
        ]
        return books, products

    def _rooms(self, covered: Sequence[Sequence[Level]]) -> dict[int, int]:
        """What the plan buys in each market and has not yet."""
        rooms = {product: buy.size for product, buy in self._buys.items()}
        for step, levels in zip(self.steps, covered, strict=True):
            if step.product_id in rooms and step.quote_line_id is None:
                rooms[step.product_id] = max(0, rooms[step.product_id] - _grams(levels))
        return rooms

    @property
    def _has_shares(self) -> bool:
        """Shares are those of the plan: then nothing is bought but what it buys."""
        return self._order.removals_min_bps > 0 or self._order.project_max_bps < BPS

    @cached_property
    def _classes(self) -> list[frozenset[int]]:
        return list(classes_of_demands(self._demands))

    @cached_property
    def _class_by_asset(self) -> dict[int, int]:
        wanted = frozenset[int]().union(*self._classes)
        found = CreditClass.objects.filter(pk__in=wanted, asset__isnull=False)
        return dict(found.values_list("asset", "pk"))

    @property
    def _assets(self) -> list[int]:
        return list(self._class_by_asset)

    def _wishes(self, products: Sequence[Product], grams: Sequence[int]) -> list[Wish]:
        places: dict[int, list[int]] = defaultdict(list)
        for place, product in enumerate(products):
            places[self._class_by_asset[product.base_id]].append(place)
        bounds = [self._bounds(product) for product in products]
        found = []
        for demand, classes, left in zip(self._demands, self._classes, grams, strict=True):
            limits = {}
            for place in (place for pk in classes for place in places.get(pk, ())):
                price = self._limit(demand.price_max, products[place], bounds[place])
                if left and price:
                    limits[place] = price
            found.append(Wish(left if limits else 0, limits))
        return found

    def _bounds(self, product: Product) -> tuple[int | None, int | None]:
        """The plan's dearest price there, and the dearest that the market's price band takes."""
        buy = self._buys.get(product.pk)
        return (buy.price_limit if buy else None), price_ceiling(product)

    def _limit(
        self, price_max: int | None, product: Product, bounds: tuple[int | None, int | None]
    ) -> int:
        """The price at which a demand waits in a market; 0 where it has none to wait at."""
        limit = self._execution.limit_price
        known = [price for price in (limit, price_max, *bounds) if price is not None]
        if limit is None and price_max is None:
            known.append(self._dearest)
        price = min(known)
        return price - price % product.price_increment

    @cached_property
    def _dearest(self) -> int:
        """The plan's dearest price: what a line without a limit pays at most; 0 of no plan."""
        return max((buy.price_limit for buy in self._buys.values()), default=0)

    def _price_max(self, price_max: int | None) -> int:
        return self._dearest if price_max is None else price_max

    def _cut(self, market: Market, product_id: int) -> Market:
        """The market down to the plan's dearest price, and with shares to what the plan buys."""
        levels = market.levels
        if buy := self._buys.get(product_id):
            levels = tuple(level for level in levels if level.price <= buy.price_limit)
        if not self._has_shares:
            return replace(market, levels=levels)
        room, kept = self._rooms(self._bought).get(product_id, 0), []
        for level in levels:
            if part := min(room, level.size):
                kept.append(Level(level.price, part))
            room -= part
        return replace(market, levels=tuple(kept))


def _parts(product: Product, place: Place, size: int) -> list[Rest]:
    """Orders no larger than the market takes, and none smaller than it does."""
    most = product.size_max - product.size_max % product.size_increment
    found = []
    while size > most:
        found.append(Rest(product, place.price, most))
        size -= most
    if size >= product.size_min:
        found.append(Rest(product, place.price, size))
    return found


def _grams(levels: Sequence[Level]) -> int:
    return sum(level.size for level in levels)


def _worth(levels: Sequence[Level], taker_bps: int) -> int:
    return sum(worst_of(level.price, level.size, taker_bps) for level in levels)

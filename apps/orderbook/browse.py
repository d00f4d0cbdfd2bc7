"""Markets as visitors browse them: found by name, with the last price and the last day's trade."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum
from django.http import Http404

from apps.accounts.models import Asset, Balance, Owner
from apps.accounts.selectors import balance_of
from apps.orderbook.models import Fill, Order, Product
from apps.orderbook.selectors.orders import OrderSearch, orders_of
from apps.registry.matching import CreditConstraints, credit_classes_matching
from apps.registry.models import CreditClass
from apps.registry.picture import Picture, pictured, pictures_of

TRADED_KNOWN_S = 30

# The day from candles: its volume to the quarter of an hour, its prices by the hour.
_STATISTICS = """
WITH clock AS (SELECT extract(epoch FROM now() - interval '24 hours')::bigint AS day_ago_s),
hours AS (
    SELECT product_id, array_agg(close ORDER BY start_s) AS prices,
           (array_agg(open ORDER BY start_s))[1] AS first
    FROM orderbook_candle, clock
    WHERE product_id = ANY(%(ids)s) AND granularity_s = 3600 AND start_s > day_ago_s
    GROUP BY 1
), quarters AS (
    SELECT product_id, sum(volume)::bigint AS volume FROM orderbook_candle, clock
    WHERE product_id = ANY(%(ids)s) AND granularity_s = 900 AND start_s > day_ago_s
    GROUP BY 1
)
SELECT p.id, last.price, coalesce(past.price, hours.first), quarters.volume, hours.prices
FROM unnest(%(ids)s::bigint[]) AS p (id)
LEFT JOIN hours ON hours.product_id = p.id
LEFT JOIN quarters ON quarters.product_id = p.id
LEFT JOIN LATERAL (
    SELECT price FROM orderbook_fill
    WHERE id >= p.id << 40 AND id < (p.id + 1) << 40 ORDER BY id DESC LIMIT 1
) last ON true
LEFT JOIN LATERAL (
    SELECT close AS price FROM orderbook_candle, clock
    WHERE product_id = p.id AND granularity_s = 60 AND start_s <= day_ago_s - 60
    ORDER BY start_s DESC LIMIT 1
) past ON true
"""


@dataclass(frozen=True, slots=True)
class MarketSearch:
    """What a visitor asked for. Empty texts and None ask for everything."""

    text: str = ""
    country: str = ""
    registry: str = ""
    type: str = ""
    label: str = ""
    effect: str = ""
    quote: str = ""
    year: int | None = None

    @property
    def constraints(self) -> CreditConstraints:
        """What it asks of the credits themselves."""
        return CreditConstraints(
            registries=_if_any(self.registry),
            types=_if_any(self.type),
            countries=_if_any(self.country),
            labels=_if_any(self.label),
            effect=self.effect,
            year_from=self.year,
            year_to=self.year,
        )


def _if_any(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


@dataclass(frozen=True, slots=True)
class Market:
    """A product and its last day. Prices in quote micro-units a unit, volume in base micro-units.

    `price_day_ago` is the last price before the day, or the day's first in a younger market;
    `prices` are the last prices of the hours in which there was a trade, oldest first.
    """

    product: Product
    price_last: int | None = None
    price_day_ago: int | None = None
    volume_day: int = 0
    prices: list[int] = field(default_factory=list)

    @property
    def change_bps(self) -> int | None:
        """The last day's change in basis points, towards zero; None without a price then."""
        then = self.price_day_ago
        if self.price_last is None or not then:
            return None
        change = self.price_last - then
        points = abs(change) * 10_000 // then
        return points if change >= 0 else -points


def products() -> QuerySet[Product]:
    """Every product with the assets and the project that its pages name."""
    return Product.objects.select_related("base__credit_class__project", "quote")


def markets_search(search: MarketSearch) -> list[Market]:
    """The markets that match, the CC market first, then the busiest.

    Raises `ServiceError` for a label or an effect that does not exist.
    """
    project = "base__credit_class__project"
    found = products()
    for word in search.text.split():
        found = found.filter(Q(code__icontains=word) | Q(**{f"{project}__name__icontains": word}))
    if search.constraints != CreditConstraints():
        classes = credit_classes_matching(search.constraints)
        found = found.filter(base__credit_class__in=classes)
    if search.quote:
        found = found.filter(quote__code=search.quote)
    markets = markets_of(found)
    markets.sort(key=lambda market: (_is_credit(market), -market.volume_day, market.product.code))
    return markets


def markets_featured(count: int) -> list[Market]:
    """The busiest markets, one for each base asset, the CC market first."""
    by_base: dict[int, Market] = {}
    for market in markets_search(MarketSearch()):
        by_base.setdefault(market.product.base_id, market)
    return list(by_base.values())[:count]


def _is_credit(market: Market) -> bool:
    return market.product.base.kind == Asset.Kind.CREDIT


def markets_of(chosen: Iterable[Product]) -> list[Market]:
    """The products with their last day, in the order given."""
    rows = list(chosen)
    statistics = _statistics([product.pk for product in rows])
    return [Market(product, *statistics[product.pk]) for product in rows]


def _statistics(ids: list[int]) -> dict[int, tuple[int | None, int | None, int, list[int]]]:
    with connection.cursor() as cursor:
        cursor.execute(_STATISTICS, {"ids": ids})
        return {
            pk: (last, past, volume or 0, prices or [])
            for pk, last, past, volume, prices in cursor.fetchall()
        }


def product_by_code(code: str) -> Product:
    """The product of that code, or a 404."""
    try:
        return products().get(code=code)
    except Product.DoesNotExist:
        raise Http404(code) from None


def picture_of(product: Product) -> Picture | None:
    """What the credits of this market are; None where it trades something else."""
    found = list(pictured(CreditClass.objects.filter(asset=product.base_id)))
    return pictures_of(found)[found[0].pk] if found else None


@dataclass(frozen=True, slots=True)
class Position:
    """What an owner has in one market."""

    base: Balance
    quote: Balance
    orders: Sequence[Order]


def position_in(product: Product, owner: Owner) -> Position:
    """The owner's two balances and open orders in this market, newest order first."""
    return Position(
        base=balance_of(owner, product.base),
        quote=balance_of(owner, product.quote),
        orders=orders_of(owner, OrderSearch(product=product)).rows,
    )


def years_traded() -> list[int]:
    """Vintage years that have a market, newest first."""
    year = "base__credit_class__year"
    years = Product.objects.exclude(**{f"{year}__isnull": True}).values_list(year, flat=True)
    return sorted(set(years), reverse=True)


def traded_grams() -> int:
    """Grams of credits that changed hands on all markets, as of the last half minute."""
    return _traded_grams(int(time.monotonic()) // TRADED_KNOWN_S)


@lru_cache(maxsize=1)
def _traded_grams(_moment: int) -> int:
    """Counted over all fills, so each process counts once in a while and not for every visitor."""
    credit = Fill.objects.filter(product__base__kind=Asset.Kind.CREDIT)
    return credit.aggregate(sum=Sum(F("size")))["sum"] or 0

"""How large the next step of a bulk order is: within the total, whatever the book does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.orderbook.engine.book.money import fee_of, notional_of
from apps.orderbook.models import BulkBuy, BulkStep, Product
from apps.orderbook.models.enums import DoneReason
from apps.orderbook.services.bulk_steps import size_next

KILOGRAM = 1_000
TONNE = 1_000_000
CENT = 10_000
STEPS_MAX = 200

levels = st.lists(
    st.tuples(st.integers(1, 5_000), st.integers(1, 20_000)), min_size=1, max_size=12
).map(lambda found: sorted((price * CENT, size * KILOGRAM) for price, size in found))


def market(**fields: int) -> Product:
    terms = {
        "price_increment": CENT,
        "size_increment": KILOGRAM,
        "size_min": KILOGRAM,
        "size_max": 10_000 * TONNE,
        "notional_min": 0,
        "notional_max": 10**15,
        "taker_bps": 30,
        **fields,
    }
    return Product(pk=1, **terms)


def swept(
    product: Product, book: list[tuple[int, int]], buy: BulkBuy, total: int, bps: int
) -> list[BulkStep]:
    """The steps until there is none, against a book that is `book` when they begin."""
    steps: list[BulkStep] = []
    while size := size_next(buy, steps, total - sum(step.spent for step in steps)):
        assert len(steps) < STEPS_MAX, "it never ends"
        assert size % product.size_increment == 0
        assert product.size_min <= size <= product.size_max
        steps.append(taken(product, book, buy.price_limit, size, bps))
    return steps


def taken(
    product: Product, book: list[tuple[int, int]], limit: int, size: int, bps: int
) -> BulkStep:
    """What an IOC order takes from the book, which it changes."""
    filled = notional = fees = 0
    while book and filled < size and book[0][0] <= limit:
        price, there = book[0]
        part = min(there, size - filled)
        value = notional_of(price, part)
        filled, notional, fees = filled + part, notional + value, fees + fee_of(value, bps)
        book[0] = price, there - part
        if not book[0][1]:
            book.pop(0)
    outcome = DoneReason.FILLED if filled == size else DoneReason.NOT_FILLABLE
    return BulkStep(
        product_id=product.pk, size=size, filled=filled, notional=notional, fees=fees,
        outcome=outcome,
    )  # fmt: skip


@given(
    book=levels,
    wanted=st.integers(1, 60_000),
    limit=st.integers(1, 5_000),
    total=st.integers(1, 10**12),
    bps=st.integers(0, 30),
    size_max=st.integers(1, 30_000),
)
def test_steps_end_within_the_total_and_leave_nothing_that_could_be_had(
    book: list[tuple[int, int]], wanted: int, limit: int, total: int, bps: int, size_max: int
) -> None:
    product = market(size_max=max(size_max, 300) * KILOGRAM)
    buy = BulkBuy(product=product, size=wanted * KILOGRAM, price_limit=limit * CENT)
    steps = swept(product, book, buy, total, bps)
    spent = sum(step.spent for step in steps)
    filled = sum(step.filled for step in steps)
    assert spent <= total
    assert filled <= buy.size
    if filled == buy.size or not book or book[0][0] > buy.price_limit:
        return
    # More was there and wanted: then not even the smallest size is sure to be paid for.
    value = notional_of(buy.price_limit, product.size_min)
    assert spent + value + fee_of(value, product.taker_bps) >= total - 1


def test_a_step_that_did_not_get_all_ends_its_market() -> None:
    product = market()
    buy = BulkBuy(product=product, size=5 * TONNE, price_limit=2 * TONNE)
    done = BulkStep(product_id=1, size=3 * TONNE, filled=TONNE, outcome=DoneReason.NOT_FILLABLE)
    assert size_next(buy, [done], 10**12) == 0
    full = BulkStep(product_id=1, size=TONNE, filled=TONNE, outcome=DoneReason.FILLED)
    assert size_next(buy, [full], 10**12) == 4 * TONNE
    refused = BulkStep(product_id=1, size=TONNE, outcome=DoneReason.INSUFFICIENT_FUNDS)
    assert size_next(buy, [refused], 10**12) == 5 * TONNE


def test_the_smallest_value_of_a_market_is_kept_to() -> None:
    product = market(notional_min=3 * TONNE)
    buy = BulkBuy(product=product, size=TONNE, price_limit=2 * TONNE)
    assert size_next(buy, [], 10**12) == 0
    buy.size = 2 * TONNE
    assert size_next(buy, [], 10**12) == 2 * TONNE

"""What the next step of a bulk order asks for: within the total, whatever the book does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.orderbook.engine.book.money import fee_of, notional_of
from apps.orderbook.models import BulkBuy, BulkStep, Product
from apps.orderbook.models.enums import DoneReason
from apps.orderbook.services.bulk_steps import terms_next

KILOGRAM = 1_000
TONNE = 1_000_000
CENT = 10_000
# Twice what doubling prices and halving money come to, and the largest size often over.
STEPS_MAX = 400

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
    while terms := terms_next(buy, steps, total - sum(step.spent for step in steps)):
        assert len(steps) < STEPS_MAX, "it never ends"
        price, size = terms
        assert size % product.size_increment == price % product.price_increment == 0
        assert product.size_min <= size <= product.size_max
        assert 0 < price <= buy.price_limit
        steps.append(taken(product, book, price, size, bps))
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
        product_id=product.pk, price=limit, size=size, filled=filled, notional=notional,
        fees=fees, outcome=outcome,
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


def test_prices_far_apart_take_a_few_steps_only() -> None:
    product = market(taker_bps=0)
    book = [(CENT * 100, 1_000 * TONNE), (CENT * 500_000, TONNE)]
    buy = BulkBuy(product=product, size=1_001 * TONNE, price_limit=CENT * 500_000)
    steps = swept(product, list(book), buy, 6_000 * TONNE, 0)
    assert sum(step.filled for step in steps) == buy.size
    assert len(steps) < 5
    # Half of the money that it takes: all of it goes, and soon.
    steps = swept(product, list(book), buy, 500 * TONNE, 0)
    assert 499 * TONNE < sum(step.spent for step in steps) <= 500 * TONNE
    assert len(steps) < 60


def test_a_step_that_did_not_get_all_at_the_dearest_price_ends_its_market() -> None:
    buy = BulkBuy(product=market(), size=5 * TONNE, price_limit=2 * TONNE)
    terms = {"product_id": 1, "price": 2 * TONNE}
    done = BulkStep(**terms, size=3 * TONNE, filled=TONNE, outcome=DoneReason.NOT_FILLABLE)
    assert terms_next(buy, [done], 10**12) is None
    full = BulkStep(**terms, size=TONNE, filled=TONNE, outcome=DoneReason.FILLED)
    assert terms_next(buy, [full], 10**12) == (2 * TONNE, 4 * TONNE)
    refused = BulkStep(**terms, size=TONNE, outcome=DoneReason.INSUFFICIENT_FUNDS)
    assert terms_next(buy, [refused], 10**12) == (2 * TONNE, 5 * TONNE)
    cheaper = {"product_id": 1, "price": TONNE // 2}
    short = BulkStep(**cheaper, size=TONNE, outcome=DoneReason.NOT_FILLABLE)
    assert terms_next(buy, [short], TONNE) == (TONNE, 997_000)


def test_the_smallest_value_of_a_market_is_kept_to() -> None:
    buy = BulkBuy(product=market(notional_min=3 * TONNE), size=TONNE, price_limit=2 * TONNE)
    assert terms_next(buy, [], 10**12) is None
    buy.size = 2 * TONNE
    assert terms_next(buy, [], 10**12) == (2 * TONNE, 2 * TONNE)


def test_a_price_band_bounds_the_price_and_is_not_the_end_of_its_market() -> None:
    buy = BulkBuy(product=market(), size=5 * TONNE, price_limit=3 * TONNE)
    assert terms_next(buy, [], 10**12, 2 * TONNE + CENT // 2) == (2 * TONNE, 5 * TONNE)
    assert terms_next(buy, [], 10**12, CENT - 1) is None
    far = {"product_id": 1, "price": 2 * TONNE, "size": 5 * TONNE}
    refused = BulkStep(**far, outcome=DoneReason.OUT_OF_BAND)
    assert terms_next(buy, [refused], 10**12, TONNE) == (TONNE, 5 * TONNE)
    # Its own trades have moved the band up: there may be more.
    short = BulkStep(**far, filled=TONNE, outcome=DoneReason.NOT_FILLABLE)
    assert terms_next(buy, [short], 10**12, 2 * TONNE) is None
    assert terms_next(buy, [short], 10**12, 4 * TONNE) == (3 * TONNE, 4 * TONNE)

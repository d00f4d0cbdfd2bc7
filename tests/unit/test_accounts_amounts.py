"""Amounts between text and micro-units: exact both ways, and nothing else gets in."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.amounts import AMOUNT_MICRO_MAX, micro_from_text, text_from_micro
from apps.accounts.errors import ServiceError

micro_amounts = st.integers(0, AMOUNT_MICRO_MAX)


@given(amount=micro_amounts)
def test_what_is_written_reads_back_the_same(amount: int) -> None:
    text = text_from_micro(amount)
    assert micro_from_text(text) == amount
    assert Decimal(text) * 10**6 == amount
    assert not text.endswith(".")


@given(amount=micro_amounts, zeros=st.integers(0, 30))
def test_zeros_at_the_end_mean_nothing(amount: int, zeros: int) -> None:
    text = text_from_micro(amount, decimals_min=6) + "0" * zeros
    assert micro_from_text(text) == amount


@given(amount=st.integers(-AMOUNT_MICRO_MAX, AMOUNT_MICRO_MAX), decimals=st.integers(0, 6))
def test_it_has_at_least_the_decimals_asked_for_and_no_zero_too_many(
    amount: int, decimals: int
) -> None:
    part = text_from_micro(amount, decimals_min=decimals).partition(".")[2]
    assert decimals <= len(part) <= 6
    assert len(part) == decimals or not part.endswith("0")


@given(text=st.text(max_size=30) | st.from_regex(r"[0-9. eE+-]{0,12}", fullmatch=True))
def test_any_text_is_an_exact_amount_or_a_refusal(text: str) -> None:
    try:
        amount = micro_from_text(text)
    except ServiceError:
        return
    assert Decimal(amount) == Decimal(text.strip()) * 10**6


NO_AMOUNTS = [
    *("", " ", "-1", "+1", "1e3", "NaN", "Infinity", "0x1", "1,5", "1_0", "1.", ".5", "1.2.3"),
    *("0.0000001", "9223372036854.775808", "9" * 20, "١", "²", "1\x00", "1\n2"),
    *(Decimal(text) for text in ("1e400", "1e999999999", "1e-999999999", "NaN", "-Infinity")),
    *(Decimal(text) for text in ("-0.1", "0.0000001")),
    True,
]


@pytest.mark.parametrize("text", NO_AMOUNTS, ids=ascii)
def test_what_is_no_plain_number_is_refused_with_its_field(text: str | Decimal) -> None:
    with pytest.raises(ServiceError) as refusal:
        micro_from_text(text, field="size")
    assert (refusal.value.code, refusal.value.field) == ("invalid_amount", "size")


def test_a_float_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="float"):
        micro_from_text(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "micro"),
    [
        (7, 7_000_000),
        (Decimal("1e-6"), 1),
        (Decimal("1.50"), 1_500_000),
        (Decimal("12e3"), 12 * 10**9),
    ],
)
def test_whole_numbers_and_decimals_are_taken_as_they_are(
    number: int | Decimal, micro: int
) -> None:
    assert micro_from_text(number) == micro

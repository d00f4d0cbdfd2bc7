"""Amounts as people read and write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts import units
from apps.accounts.errors import ServiceError

GRAMS = st.integers(min_value=0, max_value=2**63 - 1)


@pytest.mark.parametrize(
    ("grams", "text"),
    [
        (0, "0 g"),
        (1, "1 g"),
        (999, "999 g"),
        (1_000, "1 kg"),
        (12_500, "12.5 kg"),
        (999_999, "999.999 kg"),
        (1_000_000, "1 t"),
        (1_000_001, "1.000001 t"),
        (1_234_500_000, "1,234.5 t"),
    ],
)
def test_a_mass_is_written_in_the_unit_that_reads_best(grams: int, text: str) -> None:
    assert units.mass_text(grams) == text


@given(GRAMS)
def test_a_mass_that_was_written_reads_back_as_the_same_grams(grams: int) -> None:
    number, unit = units.mass_parts(grams)
    assert units.grams_from_text(number, unit) == grams


@given(GRAMS)
def test_a_headline_never_says_more_than_there_is(grams: int) -> None:
    number, unit = units.mass_headline_parts(grams)
    shown = units.grams_from_text(number, unit)
    assert shown <= grams
    assert grams - shown < max(1, grams // 1_000)


@pytest.mark.parametrize(
    ("text", "unit", "grams"),
    [
        ("1", "g", 1),
        ("1", "kg", 1_000),
        ("1", "t", 1_000_000),
        ("0.001", "kg", 1),
        ("0.000001", "t", 1),
        ("1,234.5", "t", 1_234_500_000),
        (" 1 000 ", "kg", 1_000_000),
        ("12.500", "kg", 12_500),
    ],
)
def test_an_amount_in_any_unit_is_exact_grams(text: str, unit: str, grams: int) -> None:
    assert units.grams_from_text(text, unit) == grams


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("0.5", "g"),
        ("0.0001", "kg"),
        ("0.0000001", "t"),
        ("", "kg"),
        ("-1", "kg"),
        ("1e3", "g"),
        ("one", "t"),
        ("٣", "kg"),
        ("9" * 30, "t"),
    ],
)
def test_parts_of_a_gram_and_what_is_no_number_are_refused(text: str, unit: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        units.grams_from_text(text, unit)
    assert refusal.value.code == "invalid_amount"


@pytest.mark.parametrize(
    ("increment", "decimals"), [(1, 6), (1_000, 3), (10_000, 2), (500_000, 1), (1_000_000, 0)]
)
def test_a_price_has_as_many_decimals_as_its_market_steps(increment: int, decimals: int) -> None:
    assert units.decimals_of(increment) == decimals

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orderbook.names import code_from_name, currency_id, product_id

codes = st.from_regex(r"[A-Z0-9]{1,8}(-[A-Z0-9]{1,8}){0,3}", fullmatch=True)


@given(codes, codes)
def test_a_dialect_product_has_one_dash_and_leads_back_to_its_code(base: str, quote: str) -> None:
    name = product_id(base, quote)
    assert name.split("-") == [currency_id(base), currency_id(quote)]
    assert code_from_name(name) == f"{base}-{quote}"


@pytest.mark.parametrize(
    "name", ["VCS-1686-2017-CC", "VCS_1686_2017-CC", "VCS_1686_2017/CC", "VCS-1686-2017/CC"]
)
def test_every_spelling_of_a_market_means_the_same_code(name: str) -> None:
    assert code_from_name(name) == "VCS-1686-2017-CC"

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orderbook.ids import (
    ID_MAX,
    NUMBER_MAX,
    PRODUCT_MAX,
    Kind,
    account_id_from_uuid,
    account_uuid,
    id_first,
    id_last,
    id_make,
    id_number,
    id_product,
    order_id_from_uuid,
    order_uuid,
    public_uuid,
    row_id_from_uuid,
)

products = st.integers(1, PRODUCT_MAX)
numbers = st.integers(1, NUMBER_MAX)
row_ids = st.integers(1, ID_MAX)


@given(products, numbers)
def test_a_row_id_gives_back_its_product_and_number(product: int, number: int) -> None:
    row_id = id_make(product, number)
    assert (id_product(row_id), id_number(row_id)) == (product, number)
    assert id_first(product) < row_id <= id_last(product) < id_first(product + 1)


def test_the_largest_row_id_fits_a_bigint() -> None:
    assert id_make(PRODUCT_MAX, NUMBER_MAX) == ID_MAX == 2**63 - 1


@pytest.mark.parametrize(
    ("product", "number"), [(0, 1), (1, 0), (PRODUCT_MAX + 1, 1), (1, NUMBER_MAX + 1)]
)
def test_a_row_id_outside_its_range_is_refused(product: int, number: int) -> None:
    with pytest.raises(AssertionError):
        id_make(product, number)


@given(row_ids, st.sampled_from(Kind))
def test_a_public_name_leads_back_to_its_row(row_id: int, kind: Kind) -> None:
    name = public_uuid(kind, row_id)
    assert row_id_from_uuid(kind, name) == row_id
    assert (name.version, name.variant) == (8, uuid.RFC_4122)


@given(row_ids)
def test_names_of_two_kinds_are_never_confused(row_id: int) -> None:
    assert account_id_from_uuid(order_uuid(row_id)) is None
    assert order_id_from_uuid(account_uuid(row_id)) is None


@given(st.uuids())
def test_a_stranger_s_uuid_is_not_one_of_ours_unless_it_carries_our_bits(value: uuid.UUID) -> None:
    found = order_id_from_uuid(value)
    assert found is None or order_uuid(found) == value


def test_the_name_of_an_order_never_changes() -> None:
    # Names are public for ever: these were given out before accounts had names.
    assert str(order_uuid(id_make(1, 1))) == "00000000-0000-8000-8000-010000000001"
    assert str(order_uuid(ID_MAX)) == "00000000-0001-8000-bfff-ffffffffffff"

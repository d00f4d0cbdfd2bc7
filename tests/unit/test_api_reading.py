"""The quick reader makes of every input what the serializer makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers

from apps.accounts.api.reading import reader
from apps.orderbook.api.order_io import PlaceInput

WORDS = {
    "product_id": st.sampled_from(["VCS_1-CC", "", " ", None, 5, "x" * 61]),
    "side": st.sampled_from(["buy", "sell", "both", None, 1]),
    "type": st.sampled_from(["limit", "market", "stop", None]),
    "price": st.sampled_from(["1.5", "1.0000001", 1, "", None, "NaN", -1]),
    "size": st.sampled_from(["2", "2.0", True, [], {}, None]),
    "post_only": st.sampled_from([True, False, "true", "maybe", None]),
    "stop": st.sampled_from(["loss", "entry", "", None]),
    "stop_price": st.sampled_from(["1", None]),
    "client_oid": st.sampled_from(["mine", "", None]),
    "stop_limit_price": st.sampled_from(["1", None]),
    "unknown": st.just(1),
}


def outcome(read: Any, data: Any) -> Any:
    try:
        return json.loads(json.dumps(read(data), default=str))
    except serializers.ValidationError as error:
        return "refused", error.detail


@given(st.fixed_dictionaries({}, optional=WORDS))
def test_it_reads_as_the_serializer_does(data: dict[str, Any]) -> None:
    assert outcome(reader(PlaceInput), data) == outcome(PlaceInput().run_validation, data)


@pytest.mark.parametrize("data", [None, [], "text", 5, {}])
def test_what_is_no_object_is_refused_alike(data: Any) -> None:
    assert outcome(reader(PlaceInput), data) == outcome(PlaceInput().run_validation, data)


def test_fields_with_rules_of_their_own_are_left_to_the_serializer() -> None:
    class Renamed(serializers.Serializer[Any]):
        inside = serializers.CharField(source="outside")

    class Ruled(serializers.Serializer[Any]):
        name = serializers.CharField()

        def validate_name(self, value: str) -> str:
            return value * 2

    assert reader(Renamed)({"inside": "x"}) == {"outside": "x"}
    assert reader(Ruled)({"name": "x"}) == {"name": "xx"}

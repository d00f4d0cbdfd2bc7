"""Calls, events and errors of the contracts, between bytes and Python."""

import pytest
from eth_abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from apps.nft.chain import artifacts
from apps.nft.chain.abi import Interface
from apps.nft.chain.bloom import bloom_of, bloom_of_logs, may_contain
from apps.nft.chain.client import Log
from apps.nft.chain.errors import CallReverted

CREDIT = Interface(artifacts.load("CarbonCredit"))
ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
REDEEMED = "Redeemed(address,bytes32,uint256,uint256,uint256,uint256)"


def log(signature: str, indexed: list[bytes], data: bytes, address: str = ADDRESS) -> Log:
    return Log(address, (keccak(text=signature), *indexed), data, 5, "0xb", "0xt", 0)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_an_event_becomes_plain_values() -> None:
    topics = [word(int(ADDRESS, 16)), b"\x07" * 32, word(3)]
    event = CREDIT.event(log(REDEEMED, topics, word(30) + word(2) + word(901)))
    assert event is not None
    assert event.name == "Redeemed"
    assert event.arguments == {
        "holder": ADDRESS,
        "account": "0x" + "07" * 32,
        "blockId": 3,
        "firstTokenId": 30,
        "count": 2,
        "firstSerial": 901,
    }


def test_an_event_of_another_interface_is_none() -> None:
    assert CREDIT.event(log("Other(uint256)", [], word(1))) is None
    assert CREDIT.event(Log(ADDRESS, (), b"", 5, "0xb", "0xt", 0)) is None


def test_text_that_a_database_cannot_hold_is_made_harmless() -> None:
    signature = "Retired(uint256,address,uint256,uint256,uint256,uint256,string,string,string)"
    types = ["uint256", "uint256", "uint256", "bytes", "bytes", "bytes"]
    data = encode(types, [1, 1, 1, b"a\x00b", b"\xff\xfe", "碳".encode()])
    event = CREDIT.event(log(signature, [word(1), word(2), word(3)], data))
    assert event is not None
    texts = [event.arguments[name] for name in ("beneficiary", "message", "period")]
    assert texts == ["a\ufffdb", "\ufffd\ufffd", "碳"]


def test_a_refusal_is_named_in_the_contract_s_words() -> None:
    data = keccak(text="DailyCapExceeded(uint256,uint256)")[:4] + word(5) + word(3)
    named = CREDIT.named(CallReverted("0x" + data.hex(), "execution reverted"))
    assert (named.error, named.reason) == ("DailyCapExceeded", "DailyCapExceeded(5, 3)")


@pytest.mark.parametrize("data", ["", "0x", "0x12345678"])
def test_an_unknown_refusal_stays_as_it_is(data: str) -> None:
    refusal = CallReverted(data, "execution reverted")
    assert CREDIT.named(refusal) is refusal


addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
logs = st.builds(
    lambda address, topics: Log(address, tuple(topics), b"", 1, "0xb", "0xt", 0),
    addresses,
    st.lists(st.binary(min_size=32, max_size=32), max_size=4),
)


@given(st.lists(logs, max_size=5), addresses)
def test_a_bloom_never_denies_who_logged(found: list[Log], other: str) -> None:
    bloom = bloom_of_logs(found)
    assert all(may_contain(bloom, item.address) for item in found)
    assert not may_contain(0, other)


def test_a_bloom_is_that_of_the_yellow_paper() -> None:
    """Three bits, each from two bytes of the hash: the low eleven."""
    bloom = bloom_of([b"testtest"])
    assert bin(bloom).count("1") <= 3
    digest = keccak(b"testtest")
    positions = {int.from_bytes(digest[i : i + 2], "big") & 2047 for i in (0, 2, 4)}
    assert {bit for bit in range(2048) if bloom >> bit & 1} == positions

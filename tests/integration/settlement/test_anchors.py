"""Yesterday's record on chain: ours alone, once, and provable by anybody."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from web3 import Web3

from apps.nft.chain import artifacts
from apps.nft.merkle import leaf_hash
from apps.nft.models import AnchorLeaf, BridgeHalt, Contract, DayAnchor
from apps.nft.models.anchors import LEAF_TYPES
from apps.nft.services.anchors import STREAM, day_anchor, day_number, days_anchor
from apps.registry.models import Retirement
from tests.support.retiring import retire
from tests.support.settlement import TONNE, Settlement


@pytest.fixture
def retired(settlement: Settlement) -> Retirement:
    """A retirement of today, which is over for the chain as well."""
    made = retire(settlement.owner, settlement.credit_class, TONNE)
    # Whatever a test before this one has made of the chain's clock.
    if chain_day(settlement) <= today():
        settlement.rpc("evm_increaseTime", 86_400)
        settlement.mine()
    return made


def chain_day(settlement: Settlement) -> date:
    newest = settlement.web3.eth.get_block("latest")
    return datetime.fromtimestamp(newest["timestamp"], UTC).date()


def noon_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=1)


def today() -> date:
    return datetime.now(UTC).date()


def anchor_today(settlement: Settlement) -> DayAnchor:
    day = today()
    with time_machine.travel(noon_after(day)):
        made = day_anchor(day=day)
    assert made is not None
    settlement.settle()
    made.refresh_from_db()
    return made


def test_a_retirement_is_proved_by_the_contract(
    settlement: Settlement, retired: Retirement, client: Client
) -> None:
    made = anchor_today(settlement)
    assert made.state == "final"
    query = {"kind": "retirement", "name": retired.number}
    answer = client.get(f"/api/v1/anchors/{made}/proof", query).json()
    assert json.loads(answer["leaf"]["content"])["grams"] == TONNE
    values = [answer["leaf"][part] for part in ("kind", "name", "content")]
    leaf = leaf_hash(LEAF_TYPES, values)
    assert answer["leaf_hash"] == "0x" + leaf.hex()
    contract = settlement.web3.eth.contract(  # type: ignore[call-overload]
        answer["contract"], abi=artifacts.load("Anchor").abi
    )
    number, proof = answer["anchor"]["day_number"], answer["proof"]
    verify = contract.functions.verify
    assert verify(answer["stream"], number, leaf, proof).call()
    other = leaf_hash(LEAF_TYPES, [values[0], values[1], values[2].replace("1000000", "2000000")])
    assert not verify(answer["stream"], number, other, proof).call()
    assert settlement.broken() == []


def test_anybody_rebuilds_the_root_from_the_public_leaves(
    settlement: Settlement, retired: Retirement, client: Client
) -> None:
    made = anchor_today(settlement)
    body = client.get(f"/api/v1/anchors/{made}").json()
    hashes = [leaf_hash(LEAF_TYPES, list(leaf.values())) for leaf in body["leaves"]]
    # Not our own tree: pairs from the end of the sorted leaves, as the library lays them out.
    nodes = sorted(hashes)
    while len(nodes) > 1:
        first, second = nodes.pop(0), nodes.pop(0)
        nodes.append(Web3.keccak(b"".join(sorted((first, second)))))
    assert {leaf["kind"] for leaf in body["leaves"]} == {"balances", "retirement", "supply"}
    assert body["root"] == "0x" + bytes(nodes[0]).hex()


def test_every_day_is_fixed_once(settlement: Settlement, retired: Retirement) -> None:
    day = today()
    with time_machine.travel(noon_after(day)):
        [first] = days_anchor()
        assert days_anchor() == []
        assert day_anchor(day=first.day) == first
    assert first.day == day
    with time_machine.travel(noon_after(day) + timedelta(days=2)):
        assert [made.day for made in days_anchor()] == [
            first.day + timedelta(days=1),
            first.day + timedelta(days=2),
        ]


def test_a_day_that_the_chain_has_not_ended_waits(settlement: Settlement) -> None:
    day = chain_day(settlement)
    with time_machine.travel(noon_after(day)):
        made = day_anchor(day=day)
    assert made is not None
    settlement.work()
    made.refresh_from_db()
    assert (made.state, made.failure[:10]) == ("queued", "DayNotOver")


def test_a_day_anchored_by_somebody_else_halts(settlement: Settlement) -> None:
    address = Contract.objects.get(name="Anchor").address
    contract = settlement.web3.eth.contract(address, abi=artifacts.load("Anchor").abi)  # type: ignore[call-overload]
    yesterday = today() - timedelta(days=1)
    foreign = contract.functions.anchor(STREAM, day_number(yesterday), b"\x07" * 32, 1)
    settlement.send(settlement.keyring.address("anchorer"), foreign)
    settlement.mine(2)
    settlement.follow()
    assert "not by us" in BridgeHalt.objects.get().reason


def test_the_pages_show_days_and_proofs(
    settlement: Settlement, retired: Retirement, client: Client
) -> None:
    made = anchor_today(settlement)
    assert made.root in client.get("/record").content.decode()
    page = client.get(f"/record/{made}", {"kind": "retirement", "name": retired.number})
    leaf = AnchorLeaf.objects.get(kind="retirement")
    assert "0x" + leaf.hash.hex() in page.content.decode()
    for missing in (f"/record/{made}?kind=retirement&name=x", "/record/2020-01-01", "/record/x"):
        assert client.get(missing).status_code == 404
    assert client.get("/api/v1/anchors/2026-99-99").status_code == 404
    assert client.get(f"/api/v1/anchors/{made}/proof?kind=x&name=y").status_code == 404

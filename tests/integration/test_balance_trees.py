"""All that is owed is in the day's record: added up, and provable by each for themselves."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ccmarket_client import balances as verifier
from django.conf import settings
from django.test import Client

from apps.accounts.models import Asset, Balance, Owner
from apps.nft.invariants import trees_equal_their_leaves
from apps.nft.models import BalanceLeaf, BalanceTree, Chain, DayAnchor
from apps.nft.selectors.balances import LiabilitiesUnequal, balances_now
from apps.nft.selectors.record import supply_of_the_moment
from apps.nft.services.anchors import day_write
from tests.support.api import bot_of
from tests.support.factories import asset_make, client_of, fund, owner_make, user_make
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 1)
AMOUNTS = (3_000_000, 5_000_000, 7_000_001)


@pytest.fixture
def owners() -> list[Owner]:
    cc, usdc = asset_make("CC", kind=Asset.Kind.CC), asset_make("USDC", kind=Asset.Kind.CASH)
    found = [owner_make() for _amount in AMOUNTS]
    for owner, amount in zip(found, AMOUNTS, strict=True):
        fund(owner, cc, amount)
    fund(found[0], usdc, 11)
    return found


@pytest.fixture
def anchor(owners: list[Owner]) -> DayAnchor:
    Chain.objects.create(chain_id=settings.CHAIN_ID, genesis_hash="0x" + "11" * 32)
    return day_write(day=DAY, leaves=list(supply_of_the_moment()), balances=balances_now())


def shares(owner: Owner) -> list[dict[str, Any]]:
    assert owner.user is not None
    answer = bot_of(owner.user).get(f"/anchors/{DAY}/balances")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.mark.usefixtures("anchor")
def test_each_owner_proves_what_they_were_owed(owners: list[Owner]) -> None:
    for owner, amount in zip(owners, AMOUNTS, strict=True):
        found = {share["asset"]: share for share in shares(owner)}
        assert found["CC"]["micro"] == amount
        assert ("USDC" in found) == (owner == owners[0])
        for share in found.values():
            assert verifier.balance_problems(share) == []
        assert json.loads(found["CC"]["record"]["content"])["micro"] == sum(AMOUNTS)
    assert shares(owner_make()) == []


@pytest.mark.usefixtures("anchor")
def test_the_verifier_refuses_every_change(owners: list[Owner]) -> None:
    share = next(one for one in shares(owners[1]) if one["asset"] == "CC")
    other = "0x" + "22" * 32
    content = share["record"]["content"].replace(str(sum(AMOUNTS)), str(sum(AMOUNTS) + 1))
    assert content != share["record"]["content"]
    flipped = {"left": "right", "right": "left"}[share["proof"][0]["side"]]
    places: list[tuple[list[Any], Any]] = [
        (["micro"], share["micro"] + 1),
        (["micro"], -1),
        (["micro"], "5000000"),
        (["salt"], other),
        (["account"], other),
        (["asset"], "USDC"),
        (["proof", 0, "side"], flipped),
        (["proof", 0, "side"], "above"),
        (["proof", 0, "hash"], other),
        (["proof", 0, "micro"], share["proof"][0]["micro"] - 1),
        (["proof", 0, "micro"], -share["proof"][0]["micro"]),
        (["proof"], share["proof"][1:]),
        (["record", "content"], content),
        (["record", "proof"], share["record"]["proof"][1:]),
        (["record", "root"], other),
        (["record"], None),
    ]
    for path, value in places:
        changed = copy.deepcopy(share)
        inner = changed
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value
        assert verifier.balance_problems(changed), path


@pytest.mark.usefixtures("anchor")
def test_the_page_brings_a_file_that_the_verifier_takes(
    owners: list[Owner], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert owners[0].user is not None
    client, address = client_of(owners[0].user), f"/record/{DAY}/balances"
    text = text_of(client.get(address))
    assert "3 CC" in text
    answer = client.get(address, {"format": "json"})
    file = tmp_path / "balances.json"
    file.write_bytes(answer.content)
    assert verifier.main([str(file)]) == 0
    said = capsys.readouterr().out
    assert DayAnchor.objects.get().root in said
    file.write_text(answer.content.decode().replace('"micro": 3000000,', '"micro": 3000001,'))
    assert verifier.main([str(file)]) == 1
    assert "does not lead to the root" in capsys.readouterr().out
    assert verifier.main([]) == 2
    assert "no balance" in text_of(client_of(user_make()).get(address))
    assert Client().get(address).url.startswith("/accounts/login/")  # type: ignore[attr-defined]
    assert client.get("/record/2020-01-01/balances").status_code == 404


@pytest.mark.usefixtures("anchor")
def test_others_are_hashes_and_sums(owners: list[Owner]) -> None:
    told = json.dumps(shares(owners[0]))
    for owner in owners[1:]:
        assert owner.user is not None
        assert owner.user.public_id.hex not in told
        for leaf in BalanceLeaf.objects.filter(owner=owner):
            assert bytes(leaf.salt).hex() not in told


@pytest.mark.usefixtures("anchor")
def test_salts_are_another_each_time(owners: list[Owner]) -> None:
    kept = {bytes(leaf.salt) for leaf in BalanceLeaf.objects.all()}
    again = {bytes(leaf.salt) for tree in balances_now() for leaf in tree.leaves}
    assert len(kept) == len(again) == 4
    assert not kept & again


def test_nothing_is_fixed_where_what_is_owed_was_not_issued(owners: list[Owner]) -> None:
    assert sum(tree.root.total for tree in balances_now()) == sum(AMOUNTS) + 11
    Balance.objects.filter(owner=owners[1]).update(available=AMOUNTS[1] - 1)
    with pytest.raises(LiabilitiesUnequal, match="CC"):
        balances_now()


@pytest.mark.usefixtures("anchor")
def test_the_invariant_names_a_tree_that_does_not_add_up(owners: list[Owner]) -> None:
    assert list(trees_equal_their_leaves()) == []
    tree = BalanceTree.objects.get(asset__code="CC")
    leaf = tree.leaves.get(owner=owners[2])
    BalanceLeaf.objects.filter(pk=leaf.pk).update(amount=1)
    [said] = trees_equal_their_leaves()
    assert str(sum(AMOUNTS)) in said

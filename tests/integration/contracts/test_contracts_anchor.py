"""Days that are fixed once, in order, and proofs against them."""

import pytest
from web3 import Web3
from web3.contract import Contract

from tests.support.contracts import ADMIN_DELAY_S, World

DAY_S = 86_400
STREAM, OTHER_STREAM = b"record".ljust(32, b"\0"), b"other".ljust(32, b"\0")
ANCHORER_ROLE = Web3.keccak(text="ANCHORER_ROLE")
LEAVES = [Web3.keccak(text=f"leaf {number}") for number in range(2)]
# Pairs are sorted before they are hashed.
ROOT = Web3.keccak(b"".join(sorted(LEAVES)))


@pytest.fixture
def anchor(world: World) -> Contract:
    """`minter` stands for the anchorer."""
    return world.deploy("Anchor", ADMIN_DELAY_S, world.admin, world.minter)


@pytest.fixture
def yesterday(world: World) -> int:
    return int(world.web3.eth.get_block("latest")["timestamp"]) // DAY_S - 1


def test_a_leaf_of_a_day_is_proved_and_no_other(
    world: World, anchor: Contract, yesterday: int
) -> None:
    receipt = world.send(world.minter, anchor.functions.anchor(STREAM, yesterday, ROOT, 2))
    (event,) = world.events(anchor, "DayAnchored", receipt)
    assert (event["stream"], event["day"], event["root"]) == (STREAM, yesterday, ROOT)
    verify = anchor.functions.verify
    assert verify(STREAM, yesterday, LEAVES[0], [LEAVES[1]]).call()
    assert not verify(STREAM, yesterday, LEAVES[0], [LEAVES[0]]).call()
    assert not verify(STREAM, yesterday, LEAVES[0], []).call()
    for stream, day in ((STREAM, yesterday - 1), (OTHER_STREAM, yesterday)):
        with world.reverts("DayUnknown", stream, day, contract=anchor):
            verify(stream, day, LEAVES[0], [LEAVES[1]]).call()


def test_a_day_is_fixed_once_and_days_go_forward(
    world: World, anchor: Contract, yesterday: int
) -> None:
    fix = anchor.functions.anchor
    world.send(world.minter, fix(STREAM, yesterday - 1, ROOT, 2))
    first = anchor.functions.anchorOf(STREAM, yesterday - 1).call()
    for day in (yesterday - 1, yesterday - 2):
        with world.reverts("DayNotAfter", day, yesterday - 1, contract=anchor):
            fix(STREAM, day, LEAVES[0], 1).call({"from": world.minter})
    world.send(world.minter, fix(STREAM, yesterday, LEAVES[0], 1))
    world.send(world.minter, fix(OTHER_STREAM, yesterday - 1, LEAVES[1], 1))
    assert anchor.functions.lastDayOf(STREAM).call() == yesterday
    root, history, leaves, _at = anchor.functions.anchorOf(STREAM, yesterday).call()
    assert (root, leaves) == (LEAVES[0], 1)
    types = ["bytes32", "uint256", "bytes32", "uint64"]
    values = [first[1], yesterday, LEAVES[0], 1]
    assert history == Web3.keccak(world.web3.codec.encode(types, values))


def test_a_day_that_is_not_over_or_has_no_root_is_refused(
    world: World, anchor: Contract, yesterday: int
) -> None:
    fix = anchor.functions.anchor
    with world.reverts("DayNotOver", yesterday + 1, contract=anchor):
        fix(STREAM, yesterday + 1, ROOT, 2).call({"from": world.minter})
    with world.reverts("RootZero", contract=anchor):
        fix(STREAM, yesterday, bytes(32), 2).call({"from": world.minter})


def test_only_its_own_key_fixes_days(world: World, anchor: Contract, yesterday: int) -> None:
    call = anchor.functions.anchor(STREAM, yesterday, ROOT, 2)
    for person in (world.admin, world.pauser, world.alice):
        with world.reverts(
            "AccessControlUnauthorizedAccount", person, ANCHORER_ROLE, contract=anchor
        ):
            call.call({"from": person})
    with world.reverts("RoleNotSeparate", world.admin, contract=anchor):
        anchor.functions.grantRole(ANCHORER_ROLE, world.admin).call({"from": world.admin})

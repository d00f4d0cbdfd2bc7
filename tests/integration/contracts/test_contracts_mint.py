"""What the bridge may mint, and what the chain then knows about each tonne."""

from collections.abc import Callable

import pytest
from web3 import Web3

from tests.support.contracts import DAILY_CAP_TONNES, STRIDE, ZERO_ADDRESS, Block, World

INTENT = Web3.keccak(text="an intent")
DAY_S = 86_400


def test_a_batch_is_one_range_of_serials_with_its_facts(world: World) -> None:
    block = Block()
    receipt = world.send(
        world.minter,
        world.credit.functions.mintBatch(
            world.alice, 7, block, block.first_serial + 100, 25, INTENT
        ),
    )
    first = 7 * STRIDE + 100
    assert world.events(world.credit, "BatchMinted", receipt) == [
        {
            "intentId": INTENT,
            "to": world.alice,
            "blockId": 7,
            "firstTokenId": first,
            "count": 25,
            "firstSerial": block.first_serial + 100,
        }
    ]
    assert [e["tokenId"] for e in world.events(world.credit, "Transfer", receipt)] == list(
        range(first, first + 25)
    )
    assert world.credit.functions.batchOf(INTENT).call() == [
        first,
        25,
        block.first_serial + 100,
        block,
    ]
    assert world.credit.functions.blockOf(first).call() == [7, block]
    assert world.credit.functions.totalSupply().call() == 25
    assert world.credit.functions.balanceOf(world.alice).call() == 25


def test_every_token_knows_its_serial(world: World) -> None:
    first = world.mint(world.alice, 3, offset=40)
    for i in range(3):
        serial = world.credit.functions.serialOf(first + i).call()
        assert serial == [Block().serial, Block().first_serial + 40 + i]


def test_the_first_and_the_last_tonne_of_a_block_can_come_out(world: World) -> None:
    last = Block().tonnes - 1
    assert world.mint(world.alice, 1) == STRIDE
    assert world.mint(world.alice, 1, offset=last) == STRIDE + last
    assert world.credit.functions.serialOf(STRIDE + last).call()[1] == 652_962_333


def test_serials_are_unknown_outside_recorded_blocks(world: World) -> None:
    world.mint(world.alice, 1)
    for token in (STRIDE + Block().tonnes, 2 * STRIDE, 0):
        with world.reverts("TonneUnknown", token):
            world.credit.functions.serialOf(token).call()
        with world.reverts("TonneUnknown", token):
            world.credit.functions.blockOf(token).call()


def test_the_facts_of_a_block_are_recorded_once(world: World) -> None:
    mint = world.credit.functions.mintBatch
    start = Block().first_serial
    one = world.send(world.minter, mint(world.alice, 1, Block(), start, 1, b"1" * 32))
    two = world.send(world.minter, mint(world.alice, 1, Block(), start + 1, 1, b"2" * 32))
    recorded = world.events(world.credit, "BlockRecorded", one)
    assert [event["blockId"] for event in recorded] == [1]
    assert tuple(recorded[0]["serialBlock"].values()) == Block()
    assert world.events(world.credit, "BlockRecorded", two) == []


@pytest.mark.parametrize(
    "other",
    [
        Block(serial="another"),
        Block(registry="Gold Standard"),
        Block(project="VCS-1"),
        Block(first_serial=Block().first_serial - 1),
        Block(tonnes=50_001),
        Block(vintage=2018),
        Block(country=b"CO"),
        Block(issuance_date=20200201),
    ],
    ids=lambda block: next(
        name for name, a, b in zip(Block._fields, block, Block(), strict=True) if a != b
    ),
)
def test_a_block_never_changes_its_facts(world: World, other: Block) -> None:
    world.mint(world.alice, 1)
    with world.reverts("BlockMismatch", 1):
        world.credit.functions.mintBatch(
            world.alice, 1, other, Block().first_serial + 1, 1, INTENT
        ).call({"from": world.minter})


@pytest.mark.parametrize(
    ("block_id", "block"),
    [
        (0, Block()),
        (9 * 10**8 + 1, Block()),
        (1, Block(serial="")),
        (1, Block(tonnes=0)),
        (1, Block(tonnes=STRIDE + 1)),
        (1, Block(first_serial=2**64 - 50_000)),
    ],
    ids=[
        "id zero",
        "id too large",
        "no serial",
        "no tonnes",
        "too many tonnes",
        "serials overflow",
    ],
)
def test_a_block_must_make_sense(world: World, block_id: int, block: Block) -> None:
    with world.reverts("BlockInvalid", block_id):
        world.credit.functions.mintBatch(
            world.alice, block_id, block, block.first_serial, 1, INTENT
        ).call({"from": world.minter})


def test_two_blocks_do_not_meet(world: World) -> None:
    huge = Block(serial="huge", first_serial=1, tonnes=STRIDE)
    assert world.mint(world.alice, 1, offset=STRIDE - 1, block=huge) == 2 * STRIDE - 1
    assert world.mint(world.alice, 1, block_id=2) == 2 * STRIDE
    assert world.credit.functions.serialOf(2 * STRIDE - 1).call() == ["huge", STRIDE]
    assert world.credit.functions.serialOf(2 * STRIDE).call()[0] == Block().serial
    with world.reverts("RangeOutsideBlock", 2 * STRIDE - 1, 2):
        world.credit.functions.retire([(2 * STRIDE - 1, 2)], "", "", "").call({"from": world.alice})
    with world.reverts("RangeOutsideBlock", 2 * STRIDE - 1, 2):
        world.credit.functions.redeem([(2 * STRIDE - 1, 2)], bytes(32)).call({"from": world.alice})


def test_only_the_minter_mints(world: World) -> None:
    mint = world.credit.functions.mintBatch(
        world.alice, 1, Block(), Block().first_serial, 1, INTENT
    )
    role = world.credit.functions.MINTER_ROLE().call()
    for person in (world.admin, world.pauser, world.alice):
        with world.reverts("AccessControlUnauthorizedAccount", person, role):
            mint.call({"from": person})


def test_an_intent_mints_once(world: World) -> None:
    world.mint(world.alice, 2, intent="an intent")
    assert world.credit.functions.isIntentUsed(INTENT).call()
    with world.reverts("IntentAlreadyUsed", INTENT):
        world.credit.functions.mintBatch(
            world.bob, 1, Block(), Block().first_serial + 10, 1, INTENT
        ).call({"from": world.minter})


def test_an_intent_stays_used_when_its_tonnes_have_gone(world: World) -> None:
    first = world.mint(world.alice, 2, intent="an intent")
    world.send(world.alice, world.credit.functions.redeem([(first, 2)], bytes(32)))
    with world.reverts("IntentAlreadyUsed", INTENT):
        world.credit.functions.mintBatch(
            world.alice, 1, Block(), Block().first_serial, 2, INTENT
        ).call({"from": world.minter})


def test_an_intent_that_never_minted_is_unknown(world: World) -> None:
    assert not world.credit.functions.isIntentUsed(INTENT).call()
    with world.reverts("IntentUnknown", INTENT):
        world.credit.functions.batchOf(INTENT).call()


@pytest.mark.parametrize(
    ("first", "count"),
    [(-1, 1), (50_000, 1), (49_999, 2), (0, 50_001), (2**64 - 1 - Block().first_serial, 1)],
)
def test_serials_outside_the_block_are_refused(world: World, first: int, count: int) -> None:
    serial = Block().first_serial + first
    with world.reverts("SerialsOutsideBlock", 1, serial, count):
        world.credit.functions.mintBatch(world.alice, 1, Block(), serial, count, INTENT).call(
            {"from": world.minter}
        )


@pytest.mark.parametrize(("offset", "count"), [(10, 1), (9, 2), (19, 5), (0, 100), (12, 3)])
def test_a_tonne_that_is_out_cannot_be_minted_again(world: World, offset: int, count: int) -> None:
    world.mint(world.bob, 10, offset=10)
    clash = STRIDE + max(offset, 10)
    with world.reverts("TokenAlreadyMinted", clash):
        world.credit.functions.mintBatch(
            world.alice, 1, Block(), Block().first_serial + offset, count, INTENT
        ).call({"from": world.minter})


def test_a_retired_tonne_can_never_be_minted_again(world: World) -> None:
    first = world.mint(world.alice, 3)
    world.send(world.alice, world.credit.functions.retire([(first + 1, 1)], "", "", ""))
    world.send(world.alice, world.credit.functions.redeem([(first, 1), (first + 2, 1)], bytes(32)))
    with world.reverts("TokenRetired", first + 1):
        world.credit.functions.mintBatch(
            world.alice, 1, Block(), Block().first_serial, 3, INTENT
        ).call({"from": world.minter})


def test_a_redeemed_tonne_comes_back_as_the_same_token_without_old_approvals(
    world: World,
) -> None:
    first = world.mint(world.alice, 3)
    world.send(world.alice, world.credit.functions.approve(world.carol, first))
    world.send(world.alice, world.credit.functions.redeem([(first, 3)], bytes(32)))
    assert world.mint(world.alice, 3, intent="again") == first
    assert world.credit.functions.getApproved(first).call() == ZERO_ADDRESS
    assert world.credit.functions.totalSupply().call() == 3


def test_nothing_is_minted_for_nobody_or_nothing(world: World) -> None:
    mint = world.credit.functions.mintBatch
    start = Block().first_serial
    with world.reverts("ERC721InvalidReceiver", ZERO_ADDRESS):
        mint(ZERO_ADDRESS, 1, Block(), start, 1, INTENT).call({"from": world.minter})
    with world.reverts("RangeEmpty"):
        mint(world.alice, 1, Block(), start, 0, INTENT).call({"from": world.minter})


def test_a_contract_that_cannot_hold_tokens_gets_none(world: World) -> None:
    deaf = world.deploy("support/DeafWallet")
    with world.reverts("ERC721InvalidReceiver", deaf.address):
        world.credit.functions.mintBatch(
            deaf.address, 1, Block(), Block().first_serial, 2, INTENT
        ).call({"from": world.minter})
    accepting = world.deploy("support/AcceptingWallet")
    world.mint(accepting.address, 2)
    assert accepting.functions.asked().call() == 2


def test_a_receiver_that_calls_back_finds_everything_in_place(world: World) -> None:
    wallet = world.deploy("support/ReentrantWallet")
    first = world.mint(wallet.address, 3)
    assert world.credit.functions.balanceOf(wallet.address).call() == 0
    assert world.credit.functions.totalSupply().call() == 0
    assert world.mint(world.alice, 3, intent="again") == first


def test_the_daily_cap_bounds_the_minter_and_comes_back_the_next_day(world: World) -> None:
    cap = world.credit.functions.dailyCap
    assert cap().call() == [DAILY_CAP_TONNES, DAILY_CAP_TONNES]
    world.send(world.admin, world.credit.functions.setDailyCap(5))
    world.mint(world.alice, 3)
    assert cap().call() == [5, 2]
    over = world.credit.functions.mintBatch(
        world.alice, 1, Block(), Block().first_serial + 3, 3, INTENT
    )
    with world.reverts("DailyCapExceeded", 3, 2):
        over.call({"from": world.minter})
    world.rpc("evm_increaseTime", DAY_S)
    world.rpc("evm_mine")
    assert cap().call() == [5, 5]
    world.send(world.minter, over)
    assert cap().call() == [5, 2]


def test_a_cap_below_what_was_minted_leaves_nothing(world: World) -> None:
    world.mint(world.alice, 10)
    receipt = world.send(world.admin, world.credit.functions.setDailyCap(4))
    assert world.events(world.credit, "DailyCapSet", receipt) == [{"cap": 4}]
    assert world.credit.functions.dailyCap().call() == [4, 0]
    with world.reverts("DailyCapExceeded", 1, 0):
        world.credit.functions.mintBatch(
            world.alice, 1, Block(), Block().first_serial + 10, 1, INTENT
        ).call({"from": world.minter})


def test_redeeming_does_not_refill_the_cap(world: World) -> None:
    left: Callable[[], int] = lambda: world.credit.functions.dailyCap().call()[1]  # noqa: E731
    first = world.mint(world.alice, 10)
    before = left()
    world.send(world.alice, world.credit.functions.redeem([(first, 10)], bytes(32)))
    assert left() == before

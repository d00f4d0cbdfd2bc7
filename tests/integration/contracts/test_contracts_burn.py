"""Retiring and redeeming: only by the holder, once, and with everything an indexer needs."""

from typing import Any

import pytest

from tests.support.contracts import STRIDE, Block, World

ACCOUNT = bytes(31) + b"\x2a"


def test_retiring_consumes_tonnes_for_a_beneficiary(world: World) -> None:
    first = world.mint(world.alice, 10)
    receipt = world.send(
        world.alice,
        world.credit.functions.retire([(first + 2, 3)], "A Company", "Flights, 2024", "2024"),
    )
    assert world.events(world.credit, "Retired", receipt) == [
        {
            "retirementId": 1,
            "holder": world.alice,
            "blockId": 1,
            "firstTokenId": first + 2,
            "count": 3,
            "firstSerial": Block().first_serial + 2,
            "beneficiary": "A Company",
            "message": "Flights, 2024",
            "period": "2024",
        }
    ]
    assert {e["to"] for e in world.events(world.credit, "Transfer", receipt)} == {"0x" + "00" * 20}
    assert [world.credit.functions.isRetired(first + i).call() for i in range(6)] == [
        *(False, False, True, True, True, False)
    ]
    assert world.credit.functions.totalSupply().call() == 7
    assert world.credit.functions.totalRetired().call() == 3
    assert world.credit.functions.balanceOf(world.alice).call() == 7


def test_redeeming_brings_tonnes_back_to_an_account(world: World) -> None:
    first = world.mint(world.alice, 10)
    receipt = world.send(world.alice, world.credit.functions.redeem([(first + 4, 6)], ACCOUNT))
    assert world.events(world.credit, "Redeemed", receipt) == [
        {
            "holder": world.alice,
            "account": ACCOUNT,
            "blockId": 1,
            "firstTokenId": first + 4,
            "count": 6,
            "firstSerial": Block().first_serial + 4,
        }
    ]
    assert world.credit.functions.totalSupply().call() == 4
    assert world.credit.functions.totalRetired().call() == 0
    with world.reverts("ERC721NonexistentToken", first + 4):
        world.credit.functions.ownerOf(first + 4).call()


def test_tonnes_of_several_blocks_retire_in_one_call_under_one_id(world: World) -> None:
    one = world.mint(world.alice, 5)
    two = world.mint(world.alice, 5, block_id=2, block=Block(serial="two"))
    receipt = world.send(
        world.alice, world.credit.functions.retire([(two, 2), (one + 1, 1)], "B", "", "")
    )
    events = world.events(world.credit, "Retired", receipt)
    assert [(e["retirementId"], e["blockId"], e["count"]) for e in events] == [(1, 2, 2), (1, 1, 1)]
    receipt = world.send(world.alice, world.credit.functions.retire([(one, 1)], "B", "", ""))
    assert [e["retirementId"] for e in world.events(world.credit, "Retired", receipt)] == [2]


def test_what_is_retired_stays_on_show_but_cannot_be_touched(world: World) -> None:
    token = world.mint(world.alice, 1)
    world.send(world.alice, world.credit.functions.retire([(token, 1)], "", "", ""))
    assert world.credit.functions.tokenURI(token).call().endswith(str(token))
    assert world.credit.functions.serialOf(token).call() == [Block().serial, Block().first_serial]
    functions = world.credit.functions
    attempts: list[Any] = [
        functions.ownerOf(token),
        functions.approve(world.bob, token),
        functions.transferFrom(world.alice, world.bob, token),
        functions.redeem([(token, 1)], ACCOUNT),
        functions.retire([(token, 1)], "", "", ""),
    ]
    for attempt in attempts:
        with world.reverts("TokenRetired", token):
            attempt.call({"from": world.alice})


@pytest.mark.parametrize("verb", ["retire", "redeem"])
class TestEitherWayOut:
    @staticmethod
    def burn(world: World, verb: str, ranges: list[tuple[int, int]]) -> Any:
        functions = world.credit.functions
        if verb == "retire":
            return functions.retire(ranges, "", "", "")
        return functions.redeem(ranges, ACCOUNT)

    def test_a_stranger_is_refused(self, world: World, verb: str) -> None:
        token = world.mint(world.alice, 1)
        for person in (world.bob, world.admin, world.minter):
            with world.reverts("ERC721InsufficientApproval", person, token):
                self.burn(world, verb, [(token, 1)]).call({"from": person})

    def test_who_is_approved_may(self, world: World, verb: str) -> None:
        first = world.mint(world.alice, 2)
        world.send(world.alice, world.credit.functions.approve(world.bob, first))
        with world.reverts("ERC721InsufficientApproval", world.bob, first + 1):
            self.burn(world, verb, [(first, 2)]).call({"from": world.bob})
        receipt = world.send(world.bob, self.burn(world, verb, [(first, 1)]))
        name = "Retired" if verb == "retire" else "Redeemed"
        assert world.events(world.credit, name, receipt)[0]["holder"] == world.alice

    def test_an_operator_may(self, world: World, verb: str) -> None:
        first = world.mint(world.alice, 2)
        world.send(world.alice, world.credit.functions.setApprovalForAll(world.bob, True))
        world.send(world.bob, self.burn(world, verb, [(first, 2)]))
        assert world.credit.functions.balanceOf(world.alice).call() == 0

    def test_it_happens_once(self, world: World, verb: str) -> None:
        first = world.mint(world.alice, 4)
        error = "TokenRetired" if verb == "retire" else "ERC721NonexistentToken"
        with world.reverts(error, first + 1):
            self.burn(world, verb, [(first, 2), (first + 1, 2)]).call({"from": world.alice})

    def test_a_range_of_two_owners_is_refused(self, world: World, verb: str) -> None:
        first = world.mint(world.alice, 2)
        world.mint(world.bob, 2, offset=2)
        with world.reverts("ERC721IncorrectOwner", world.alice, first + 2, world.bob):
            self.burn(world, verb, [(first, 4)]).call({"from": world.alice})

    def test_it_needs_a_token_that_is_out(self, world: World, verb: str) -> None:
        with world.reverts("ERC721NonexistentToken", STRIDE):
            self.burn(world, verb, [(STRIDE, 1)]).call({"from": world.alice})

    def test_it_needs_something_to_burn(self, world: World, verb: str) -> None:
        first = world.mint(world.alice, 1)
        with world.reverts("RangeEmpty"):
            self.burn(world, verb, []).call({"from": world.alice})
        with world.reverts("RangeEmpty"):
            self.burn(world, verb, [(first, 0)]).call({"from": world.alice})


@pytest.mark.parametrize(("position", "limit"), [(0, 256), (1, 1024), (2, 64)])
def test_texts_of_a_retirement_have_a_length_in_bytes(
    world: World, position: int, limit: int
) -> None:
    token = world.mint(world.alice, 1)
    texts = ["", "", ""]
    texts[position] = "碳" * (limit // 3) + "x" * (limit % 3)
    world.credit.functions.retire([(token, 1)], *texts).call({"from": world.alice})
    texts[position] += "x"
    with world.reverts("TextTooLong", limit + 1, limit):
        world.credit.functions.retire([(token, 1)], *texts).call({"from": world.alice})

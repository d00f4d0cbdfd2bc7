"""Moving many tokens in one call, wherever the ranges begin and end."""

import pytest

from tests.support.contracts import World

PAGE = 1024


def owners(world: World, first: int, count: int) -> list[str]:
    return [world.credit.functions.ownerOf(first + i).call() for i in range(count)]


@pytest.mark.parametrize(
    ("offset", "count"),
    [(0, 1), (0, 256), (255, 2), (256, 256), (1, 1023), (PAGE - 1, 2), (PAGE, 1), (700, 2100)],
)
def test_a_range_moves_whole_and_its_neighbours_stay(world: World, offset: int, count: int) -> None:
    first = world.mint(world.alice, 3000) + offset
    move = world.credit.functions.transferRanges(world.alice, world.bob, [(first, count)])
    receipt = world.send(world.alice, move)
    moved = world.events(world.credit, "Transfer", receipt)
    assert moved == [
        {"from": world.alice, "to": world.bob, "tokenId": first + i} for i in range(count)
    ]
    assert owners(world, first, 1) == owners(world, first + count - 1, 1) == [world.bob]
    assert owners(world, first + count, 1) == [world.alice]
    if offset:
        assert owners(world, first - 1, 1) == [world.alice]
    assert world.credit.functions.balanceOf(world.alice).call() == 3000 - count
    assert world.credit.functions.balanceOf(world.bob).call() == count


def test_a_list_of_ids_is_a_list_of_ranges_of_one(world: World) -> None:
    first = world.mint(world.alice, 6)
    ids = [(first + 5, 1), (first, 1), (first + 2, 1)]
    world.send(world.alice, world.credit.functions.transferRanges(world.alice, world.bob, ids))
    a, b = world.alice, world.bob
    assert owners(world, first, 6) == [b, a, b, a, a, b]


def test_pieces_that_came_together_again_move_as_one_range(world: World) -> None:
    first = world.mint(world.alice, 40)
    for i in range(0, 40, 2):
        world.send(
            world.alice, world.credit.functions.transferFrom(world.alice, world.bob, first + i)
        )
    world.send(
        world.alice,
        world.credit.functions.transferRanges(
            world.alice, world.bob, [(first + i, 1) for i in range(1, 40, 2)]
        ),
    )
    whole = world.credit.functions.transferRanges(world.bob, world.carol, [(first, 40)])
    world.send(world.bob, whole)
    assert set(owners(world, first, 40)) == {world.carol}


def test_a_range_with_one_foreign_token_does_not_move_at_all(world: World) -> None:
    first = world.mint(world.alice, 10)
    world.send(world.alice, world.credit.functions.transferFrom(world.alice, world.bob, first + 7))
    move = world.credit.functions.transferRanges(world.alice, world.carol, [(first, 10)])
    with world.reverts("ERC721IncorrectOwner", world.alice, first + 7, world.bob):
        move.call({"from": world.alice})


def test_a_range_that_runs_past_what_was_minted_does_not_move(world: World) -> None:
    first = world.mint(world.alice, 10)
    move = world.credit.functions.transferRanges(world.alice, world.bob, [(first, 11)])
    with world.reverts("ERC721NonexistentToken", first + 10):
        move.call({"from": world.alice})


def test_a_range_with_a_retired_token_does_not_move(world: World) -> None:
    first = world.mint(world.alice, 10)
    world.send(world.alice, world.credit.functions.retire([(first + 3, 1)], "", "", ""))
    move = world.credit.functions.transferRanges
    with world.reverts("TokenRetired", first + 3):
        move(world.alice, world.bob, [(first, 10)]).call({"from": world.alice})
    with world.reverts("TokenRetired", first + 3):
        move(world.alice, world.bob, [(first + 3, 1)]).call({"from": world.alice})


def test_no_range_and_a_range_of_nothing_are_refused(world: World) -> None:
    first = world.mint(world.alice, 1)
    move = world.credit.functions.transferRanges
    with world.reverts("RangeEmpty"):
        move(world.alice, world.bob, []).call({"from": world.alice})
    with world.reverts("RangeEmpty"):
        move(world.alice, world.bob, [(first, 0)]).call({"from": world.alice})


def test_a_stranger_moves_no_range(world: World) -> None:
    first = world.mint(world.alice, 3)
    move = world.credit.functions.transferRanges(world.alice, world.bob, [(first, 3)])
    with world.reverts("ERC721InsufficientApproval", world.bob, first):
        move.call({"from": world.bob})


def test_single_approvals_move_a_range_only_when_every_token_has_one(world: World) -> None:
    first = world.mint(world.alice, 3)
    for i in range(2):
        world.send(world.alice, world.credit.functions.approve(world.bob, first + i))
    with world.reverts("ERC721InsufficientApproval", world.bob, first + 2):
        world.credit.functions.transferRanges(world.alice, world.bob, [(first, 3)]).call(
            {"from": world.bob}
        )
    world.send(
        world.bob, world.credit.functions.transferRanges(world.alice, world.bob, [(first, 2)])
    )
    assert owners(world, first, 3) == [world.bob, world.bob, world.alice]


def test_a_range_loses_all_its_approvals_when_it_moves(world: World) -> None:
    first = world.mint(world.alice, 600)
    marked = [first, first + 255, first + 256, first + 599]
    for token in marked:
        world.send(world.alice, world.credit.functions.approve(world.carol, token))
    there = world.credit.functions.transferRanges(world.alice, world.bob, [(first, 600)])
    back = world.credit.functions.transferRanges(world.bob, world.alice, [(first, 600)])
    world.send(world.alice, there)
    world.send(world.bob, back)
    for token in marked:
        with world.reverts("ERC721InsufficientApproval", world.carol, token):
            world.credit.functions.transferFrom(world.alice, world.carol, token).call(
                {"from": world.carol}
            )


def test_a_safe_transfer_of_a_range_asks_for_every_token(world: World) -> None:
    first = world.mint(world.alice, 7)
    wallet = world.deploy("support/AcceptingWallet")
    safe = world.credit.functions.safeTransferRanges
    world.send(
        world.alice, safe(world.alice, wallet.address, [(first, 3), (first + 5, 2)], b"seven")
    )
    assert wallet.functions.asked().call() == 5
    assert wallet.functions.lastTokenId().call() == first + 6
    assert world.credit.functions.balanceOf(wallet.address).call() == 5


def test_a_range_with_no_end_is_refused_before_it_is_walked(world: World) -> None:
    first = world.mint(world.alice, 2000)
    move = world.credit.functions.transferRanges(world.alice, world.bob, [(first, 2**255)])
    with world.reverts("ERC721NonexistentToken", first + 2000):
        move.call({"from": world.alice})

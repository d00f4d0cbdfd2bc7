"""CarbonCredit is an ordinary ERC-721 to whoever knows nothing of ranges."""

import pytest
from web3 import Web3

from tests.support.contracts import BASE_URI, STRIDE, ZERO_ADDRESS, World

INTERFACES = {
    "ERC-165": "01ffc9a7",
    "ERC-721": "80ac58cd",
    "ERC-721 metadata": "5b5e139f",
    "ERC-4906 metadata updates": "49064906",
    "access control": "7965db0b",
}


@pytest.mark.parametrize("interface", INTERFACES.values(), ids=INTERFACES.keys())
def test_it_says_which_interfaces_it_has(world: World, interface: str) -> None:
    assert world.credit.functions.supportsInterface(bytes.fromhex(interface)).call()


def test_it_says_that_ranges_can_be_moved(world: World) -> None:
    ours = ["transferRanges(address,address,(uint256,uint256)[])"]
    ours += ["safeTransferRanges(address,address,(uint256,uint256)[],bytes)"]
    selectors = [int.from_bytes(Web3.keccak(text=text)[:4], "big") for text in ours]
    interface = (selectors[0] ^ selectors[1]).to_bytes(4, "big")
    assert world.credit.functions.supportsInterface(interface).call()


@pytest.mark.parametrize("interface", ["ffffffff", "d9b67a26"], ids=["never", "ERC-1155"])
def test_it_does_not_claim_interfaces_it_has_not(world: World, interface: str) -> None:
    assert not world.credit.functions.supportsInterface(bytes.fromhex(interface)).call()


def test_it_has_a_name_and_a_symbol(world: World) -> None:
    assert world.credit.functions.name().call() == "ccmarket Carbon Credit"
    assert world.credit.functions.symbol().call() == "TCO2E"


def test_nobody_owns_what_was_not_minted(world: World) -> None:
    with world.reverts("ERC721NonexistentToken", STRIDE):
        world.credit.functions.ownerOf(STRIDE).call()
    with world.reverts("ERC721NonexistentToken", STRIDE):
        world.credit.functions.getApproved(STRIDE).call()
    with world.reverts("ERC721NonexistentToken", STRIDE):
        world.credit.functions.tokenURI(STRIDE).call()
    with world.reverts("ERC721NonexistentToken", STRIDE):
        world.credit.functions.approve(world.bob, STRIDE).call({"from": world.alice})


def test_the_zero_address_has_no_balance_to_ask_for(world: World) -> None:
    with world.reverts("ERC721InvalidOwner", ZERO_ADDRESS):
        world.credit.functions.balanceOf(ZERO_ADDRESS).call()


def test_a_transfer_moves_one_token_and_says_so(world: World) -> None:
    first = world.mint(world.alice, 5)
    receipt = world.send(
        world.alice, world.credit.functions.transferFrom(world.alice, world.bob, first + 2)
    )
    owners = [world.credit.functions.ownerOf(first + i).call() for i in range(5)]
    assert owners == [world.alice, world.alice, world.bob, world.alice, world.alice]
    assert world.credit.functions.balanceOf(world.alice).call() == 4
    assert world.credit.functions.balanceOf(world.bob).call() == 1
    assert world.events(world.credit, "Transfer", receipt) == [
        {"from": world.alice, "to": world.bob, "tokenId": first + 2}
    ]


def test_a_transfer_to_oneself_changes_nothing_but_the_approval(world: World) -> None:
    token = world.mint(world.alice, 1)
    world.send(world.alice, world.credit.functions.approve(world.bob, token))
    world.send(world.alice, world.credit.functions.transferFrom(world.alice, world.alice, token))
    assert world.credit.functions.ownerOf(token).call() == world.alice
    assert world.credit.functions.balanceOf(world.alice).call() == 1
    assert world.credit.functions.getApproved(token).call() == ZERO_ADDRESS


def test_a_transfer_needs_the_owner_as_sender_a_receiver_and_leave(world: World) -> None:
    token = world.mint(world.alice, 1)
    transfer = world.credit.functions.transferFrom
    with world.reverts("ERC721IncorrectOwner", world.bob, token, world.alice):
        transfer(world.bob, world.carol, token).call({"from": world.alice})
    with world.reverts("ERC721InvalidReceiver", ZERO_ADDRESS):
        transfer(world.alice, ZERO_ADDRESS, token).call({"from": world.alice})
    with world.reverts("ERC721InsufficientApproval", world.bob, token):
        transfer(world.alice, world.bob, token).call({"from": world.bob})
    with world.reverts("ERC721NonexistentToken", token + 1):
        transfer(world.alice, world.bob, token + 1).call({"from": world.alice})
    with world.reverts("ERC721NonexistentToken", token + 1):
        transfer(ZERO_ADDRESS, world.bob, token + 1).call({"from": world.alice})


def test_who_is_approved_for_a_token_can_move_it_once(world: World) -> None:
    token = world.mint(world.alice, 1)
    receipt = world.send(world.alice, world.credit.functions.approve(world.bob, token))
    assert world.events(world.credit, "Approval", receipt) == [
        {"owner": world.alice, "approved": world.bob, "tokenId": token}
    ]
    assert world.credit.functions.getApproved(token).call() == world.bob
    move = world.credit.functions.transferFrom(world.alice, world.carol, token)
    world.send(world.bob, move)
    assert world.credit.functions.getApproved(token).call() == ZERO_ADDRESS
    with world.reverts("ERC721InsufficientApproval", world.bob, token):
        world.credit.functions.transferFrom(world.carol, world.bob, token).call({"from": world.bob})


def test_an_approval_can_be_taken_back(world: World) -> None:
    token = world.mint(world.alice, 1)
    world.send(world.alice, world.credit.functions.approve(world.bob, token))
    world.send(world.alice, world.credit.functions.approve(ZERO_ADDRESS, token))
    assert world.credit.functions.getApproved(token).call() == ZERO_ADDRESS


def test_an_approval_does_not_come_back_with_the_token(world: World) -> None:
    token = world.mint(world.alice, 1)
    world.send(world.alice, world.credit.functions.approve(world.carol, token))
    world.send(world.alice, world.credit.functions.transferFrom(world.alice, world.bob, token))
    world.send(world.bob, world.credit.functions.transferFrom(world.bob, world.alice, token))
    assert world.credit.functions.getApproved(token).call() == ZERO_ADDRESS


def test_an_approval_survives_when_only_its_neighbours_move(world: World) -> None:
    first = world.mint(world.alice, 9)
    world.send(world.alice, world.credit.functions.approve(world.carol, first + 4))
    for neighbour in (first + 3, first + 5, first):
        world.send(
            world.alice, world.credit.functions.transferFrom(world.alice, world.bob, neighbour)
        )
    assert world.credit.functions.getApproved(first + 4).call() == world.carol


def test_only_the_owner_or_an_operator_approves(world: World) -> None:
    token = world.mint(world.alice, 1)
    with world.reverts("ERC721InvalidApprover", world.bob):
        world.credit.functions.approve(world.bob, token).call({"from": world.bob})
    world.send(world.alice, world.credit.functions.approve(world.bob, token))
    with world.reverts("ERC721InvalidApprover", world.bob):
        world.credit.functions.approve(world.carol, token).call({"from": world.bob})
    world.send(world.alice, world.credit.functions.setApprovalForAll(world.bob, True))
    world.send(world.bob, world.credit.functions.approve(world.carol, token))
    assert world.credit.functions.getApproved(token).call() == world.carol


def test_an_operator_moves_everything_until_revoked(world: World) -> None:
    first = world.mint(world.alice, 2)
    receipt = world.send(world.alice, world.credit.functions.setApprovalForAll(world.bob, True))
    assert world.events(world.credit, "ApprovalForAll", receipt) == [
        {"owner": world.alice, "operator": world.bob, "approved": True}
    ]
    assert world.credit.functions.isApprovedForAll(world.alice, world.bob).call()
    world.send(world.bob, world.credit.functions.transferFrom(world.alice, world.bob, first))
    world.send(world.alice, world.credit.functions.setApprovalForAll(world.bob, False))
    with world.reverts("ERC721InsufficientApproval", world.bob, first + 1):
        world.credit.functions.transferFrom(world.alice, world.bob, first + 1).call(
            {"from": world.bob}
        )


def test_the_zero_address_is_no_operator(world: World) -> None:
    with world.reverts("ERC721InvalidOperator", ZERO_ADDRESS):
        world.credit.functions.setApprovalForAll(ZERO_ADDRESS, True).call({"from": world.alice})


def test_a_safe_transfer_asks_a_contract_first(world: World) -> None:
    first = world.mint(world.alice, 2)
    wallet = world.deploy("support/AcceptingWallet")
    safe = world.credit.functions["safeTransferFrom(address,address,uint256,bytes)"]
    world.send(world.alice, safe(world.alice, wallet.address, first, b"for you"))
    assert world.credit.functions.ownerOf(first).call() == wallet.address
    assert wallet.functions.lastTokenId().call() == first
    assert wallet.functions.lastData().call() == b"for you"
    short = world.credit.functions["safeTransferFrom(address,address,uint256)"]
    world.send(world.alice, short(world.alice, world.bob, first + 1))
    assert world.credit.functions.ownerOf(first + 1).call() == world.bob


@pytest.mark.parametrize("name", ["RefusingWallet", "DeafWallet"])
def test_a_safe_transfer_stops_at_a_contract_that_does_not_take_it(world: World, name: str) -> None:
    token = world.mint(world.alice, 1)
    wallet = world.deploy(f"support/{name}")
    safe = world.credit.functions["safeTransferFrom(address,address,uint256)"]
    with world.reverts("ERC721InvalidReceiver", wallet.address):
        safe(world.alice, wallet.address, token).call({"from": world.alice})
    with world.reverts("ERC721InvalidReceiver", wallet.address):
        world.credit.functions.safeTransferRanges(
            world.alice, wallet.address, [(token, 1)], b""
        ).call({"from": world.alice})


def test_metadata_moves_with_the_base_uri(world: World) -> None:
    token = world.mint(world.alice, 1)
    assert world.credit.functions.tokenURI(token).call() == f"{BASE_URI}{token}"
    receipt = world.send(world.admin, world.credit.functions.setBaseURI("ipfs://folder/"))
    assert world.credit.functions.tokenURI(token).call() == f"ipfs://folder/{token}"
    assert world.events(world.credit, "BaseURISet", receipt) == [{"baseURI": "ipfs://folder/"}]
    assert world.events(world.credit, "BatchMetadataUpdate", receipt) == [
        {"_fromTokenId": 0, "_toTokenId": 2**256 - 1}
    ]

"""CC on chain: an ERC-20 of grams that only the bridge mints and burns."""

import pytest
from eth_account import Account
from web3 import Web3

from tests.support.contracts import (
    DAILY_CAP_MICRO,
    SOME_KEY,
    ZERO_ADDRESS,
    World,
    signed_permit,
)

INTENT = Web3.keccak(text="an intent")
OTHER = Web3.keccak(text="another")
CC = 10**6


@pytest.mark.parametrize("interface", ["01ffc9a7", "36372b07", "a219a025", "9d8ff7da", "7965db0b"])
def test_it_says_which_interfaces_it_has(world: World, interface: str) -> None:
    assert world.cc.functions.supportsInterface(bytes.fromhex(interface)).call()
    assert not world.cc.functions.supportsInterface(b"\xff" * 4).call()


def test_a_unit_is_a_gram(world: World) -> None:
    assert world.cc.functions.decimals().call() == 6
    assert world.cc.functions.symbol().call() == "CC"
    assert world.cc.functions.name().call() == "ccmarket Carbon"


def test_the_bridge_mints_once_for_an_intent(world: World) -> None:
    mint = world.cc.functions.mint(world.alice, 3 * CC, INTENT)
    receipt = world.send(world.minter, mint)
    assert world.events(world.cc, "BridgeMinted", receipt) == [
        {"intentId": INTENT, "to": world.alice, "amount": 3 * CC}
    ]
    assert world.cc.functions.balanceOf(world.alice).call() == 3 * CC
    assert world.cc.functions.totalSupply().call() == 3 * CC
    assert world.cc.functions.isIntentUsed(INTENT).call()
    with world.reverts("IntentAlreadyUsed", INTENT, contract=world.cc):
        mint.call({"from": world.minter})
    with world.reverts("IntentAlreadyUsed", INTENT, contract=world.cc):
        world.cc.functions.burn(1, INTENT).call({"from": world.minter})


def test_the_bridge_burns_only_what_it_holds(world: World) -> None:
    world.send(world.minter, world.cc.functions.mint(world.alice, 3 * CC, INTENT))
    with world.reverts("ERC20InsufficientBalance", world.minter, 0, CC, contract=world.cc):
        world.cc.functions.burn(CC, OTHER).call({"from": world.minter})
    world.send(world.alice, world.cc.functions.transfer(world.minter, CC))
    receipt = world.send(world.minter, world.cc.functions.burn(CC, OTHER))
    assert world.events(world.cc, "BridgeBurned", receipt) == [
        {"intentId": OTHER, "from": world.minter, "amount": CC}
    ]
    assert world.cc.functions.totalSupply().call() == 2 * CC


def test_nobody_else_mints_or_burns(world: World) -> None:
    role = world.cc.functions.MINTER_ROLE().call()
    for person in (world.admin, world.pauser, world.alice):
        for call in (
            world.cc.functions.mint(person, 1, INTENT),
            world.cc.functions.burn(1, INTENT),
        ):
            with world.reverts("AccessControlUnauthorizedAccount", person, role, contract=world.cc):
                call.call({"from": person})


def test_nothing_is_not_an_amount_and_nobody_not_a_receiver(world: World) -> None:
    for call in (
        world.cc.functions.mint(world.alice, 0, INTENT),
        world.cc.functions.burn(0, INTENT),
    ):
        with world.reverts("AmountZero", contract=world.cc):
            call.call({"from": world.minter})
    with world.reverts("ERC20InvalidReceiver", ZERO_ADDRESS, contract=world.cc):
        world.cc.functions.mint(ZERO_ADDRESS, 1, INTENT).call({"from": world.minter})


def test_the_daily_cap_counts_grams(world: World) -> None:
    world.send(world.minter, world.cc.functions.mint(world.alice, DAILY_CAP_MICRO, INTENT))
    with world.reverts("DailyCapExceeded", 1, 0, contract=world.cc):
        world.cc.functions.mint(world.alice, 1, OTHER).call({"from": world.minter})


def test_a_signed_permit_allows_without_a_transaction_of_the_owner(world: World) -> None:
    owner = Account.from_key(SOME_KEY)
    world.send(world.minter, world.cc.functions.mint(owner.address, 5, INTENT))
    deadline, *signature = signed_permit(world, world.cc, world.bob, 4)
    permit = world.cc.functions.permit(owner.address, world.bob, 4, deadline, *signature)
    world.send(world.carol, permit)
    world.send(world.bob, world.cc.functions.transferFrom(owner.address, world.carol, 4))
    assert world.cc.functions.balanceOf(world.carol).call() == 4
    assert world.cc.functions.nonces(owner.address).call() == 1
    with pytest.raises(Exception, match="0x4b800e46"):  # ERC2612InvalidSigner: the nonce is spent
        permit.call({"from": world.carol})

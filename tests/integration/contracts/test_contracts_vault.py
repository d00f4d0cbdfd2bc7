"""The vault: coins in for an account, out for an intent, and nothing else."""

from typing import Any

import pytest
from eth_account import Account
from web3 import Web3
from web3.contract import Contract

from tests.support.contracts import ADMIN_DELAY_S, SOME_KEY, ZERO_ADDRESS, World, signed_permit

USD = 10**6
CAP = 1_000 * USD
INTENT, OTHER = Web3.keccak(text="an intent"), Web3.keccak(text="another")
ACCOUNT = b"\x11" * 32
ADMIN_ROLE = bytes(32)
WITHDRAWER_ROLE = Web3.keccak(text="WITHDRAWER_ROLE")
PAUSER_ROLE = Web3.keccak(text="PAUSER_ROLE")


@pytest.fixture
def coin(world: World) -> Contract:
    return world.deploy("support/DevelopmentCoin")


@pytest.fixture
def vault(world: World, coin: Contract) -> Contract:
    return vault_deploy(world, coin)


def vault_deploy(world: World, coin: Contract) -> Contract:
    """`minter` stands for the withdrawer; alice has coins and approved the vault for them."""
    roles = (ADMIN_DELAY_S, world.admin, world.minter, world.pauser)
    vault = world.deploy("Vault", *roles, [coin.address], [CAP])
    world.send(world.alice, coin.functions.mint(world.alice, 10_000 * USD))
    world.send(world.alice, coin.functions.approve(vault.address, 10_000 * USD))
    return vault


def paid_in(world: World, vault: Contract, coin: Contract, amount: int = 5 * USD) -> Any:
    call = vault.functions.deposit(coin.address, amount, ACCOUNT)
    return world.send(world.alice, call)


def test_a_deposit_says_whose_it_is(world: World, vault: Contract, coin: Contract) -> None:
    receipt = paid_in(world, vault, coin)
    assert world.events(vault, "Deposited", receipt) == [
        {"coin": coin.address, "from": world.alice, "account": ACCOUNT, "amount": 5 * USD}
    ]
    assert vault.functions.heldOf(coin.address).call() == 5 * USD
    assert coin.functions.balanceOf(vault.address).call() == 5 * USD


def test_a_deposit_by_signature_needs_no_approval_before(
    world: World, vault: Contract, coin: Contract
) -> None:
    owner = Account.from_key(SOME_KEY)
    world.rpc("anvil_setBalance", owner.address, hex(10**18))
    world.rpc("anvil_impersonateAccount", owner.address)
    world.send(world.alice, coin.functions.mint(owner.address, 5 * USD))
    deadline, *signature = signed_permit(world, coin, vault.address, 5 * USD)
    arguments = (coin.address, 5 * USD, ACCOUNT, deadline, *signature)
    # Somebody saw the signature and was faster: the deposit goes through all the same.
    permit = coin.functions.permit(owner.address, vault.address, 5 * USD, deadline, *signature)
    world.send(world.carol, permit)
    world.send(owner.address, vault.functions.depositWithPermit(*arguments))
    assert vault.functions.heldOf(coin.address).call() == 5 * USD
    with world.reverts("CoinNotAccepted", world.cc.address, contract=vault):
        vault.functions.depositWithPermit(world.cc.address, *arguments[1:]).call()


def test_what_is_not_a_deposit_is_refused(world: World, vault: Contract, coin: Contract) -> None:
    functions = vault.functions
    with world.reverts("AmountZero", contract=vault):
        functions.deposit(coin.address, 0, ACCOUNT).call({"from": world.alice})
    with world.reverts("CoinNotAccepted", world.cc.address, contract=vault):
        functions.deposit(world.cc.address, 1, ACCOUNT).call({"from": world.alice})
    with world.reverts("ERC20InsufficientAllowance", vault.address, 0, 1, contract=coin):
        functions.deposit(coin.address, 1, ACCOUNT).call({"from": world.bob})


@pytest.mark.parametrize("name", ["FeeTakingCoin", "CallingCoin"])
def test_a_coin_that_does_not_move_what_it_is_told_is_refused(world: World, name: str) -> None:
    odd = world.deploy(f"support/{name}")
    vault = vault_deploy(world, odd)
    call = vault.functions.deposit(odd.address, 100, ACCOUNT)
    error = ("AmountNotReceived", 100, 99) if name == "FeeTakingCoin" else None
    with world.reverts(*error or ("ReentrancyGuardReentrantCall",), contract=vault):
        call.call({"from": world.alice})


def test_an_intent_pays_once(world: World, vault: Contract, coin: Contract) -> None:
    paid_in(world, vault, coin)
    pay = vault.functions.withdraw(coin.address, world.bob, 2 * USD, INTENT)
    receipt = world.send(world.minter, pay)
    assert world.events(vault, "Withdrawn", receipt) == [
        {"intentId": INTENT, "coin": coin.address, "to": world.bob, "amount": 2 * USD}
    ]
    assert coin.functions.balanceOf(world.bob).call() == 2 * USD
    assert vault.functions.heldOf(coin.address).call() == 3 * USD
    assert vault.functions.isIntentUsed(INTENT).call()
    with world.reverts("IntentAlreadyUsed", INTENT, contract=vault):
        pay.call({"from": world.minter})


def test_what_cannot_be_paid_is_refused(world: World, vault: Contract, coin: Contract) -> None:
    paid_in(world, vault, coin)
    pay = vault.functions.withdraw
    for error, call in [
        (("AmountZero",), pay(coin.address, world.bob, 0, INTENT)),
        (("ReceiverInvalid", vault.address), pay(coin.address, vault.address, 1, INTENT)),
        (("HoldsLess", 5 * USD + 1, 5 * USD), pay(coin.address, world.bob, 5 * USD + 1, INTENT)),
    ]:
        with world.reverts(*error, contract=vault):
            call.call({"from": world.minter})
    with world.reverts("ERC20InvalidReceiver", ZERO_ADDRESS, contract=coin):
        pay(coin.address, ZERO_ADDRESS, 1, INTENT).call({"from": world.minter})


def test_a_day_pays_no_more_than_its_cap(world: World, vault: Contract, coin: Contract) -> None:
    paid_in(world, vault, coin, 3 * CAP)
    pay = vault.functions.withdraw
    world.send(world.minter, pay(coin.address, world.bob, CAP - 1, INTENT))
    assert vault.functions.coinOf(coin.address).call() == [True, CAP, 1]
    with world.reverts("DailyCapExceeded", 2, 1, contract=vault):
        pay(coin.address, world.bob, 2, OTHER).call({"from": world.minter})
    world.send(world.admin, vault.functions.setCoin(coin.address, True, 0))
    with world.reverts("DailyCapExceeded", 1, 0, contract=vault):
        pay(coin.address, world.bob, 1, OTHER).call({"from": world.minter})
    world.send(world.admin, vault.functions.setCoin(coin.address, True, CAP))
    world.rpc("evm_increaseTime", 86_400)
    world.rpc("evm_mine")
    world.send(world.minter, pay(coin.address, world.bob, CAP, OTHER))


def test_only_the_bridge_pays_and_only_the_pauser_stops(
    world: World, vault: Contract, coin: Contract
) -> None:
    paid_in(world, vault, coin)
    functions = vault.functions
    guarded = [
        (functions.withdraw(coin.address, world.bob, 1, INTENT), WITHDRAWER_ROLE, world.minter),
        (functions.pause(), PAUSER_ROLE, world.pauser),
        (functions.unpause(), ADMIN_ROLE, world.admin),
        (functions.setCoin(coin.address, True, 1), ADMIN_ROLE, world.admin),
        (functions.recoverStray(coin.address, world.bob), ADMIN_ROLE, world.admin),
    ]
    for call, role, holder in guarded:
        for person in {world.admin, world.minter, world.pauser, world.alice} - {holder}:
            with world.reverts("AccessControlUnauthorizedAccount", person, role, contract=vault):
                call.call({"from": person})
    with world.reverts("RoleNotSeparate", world.pauser, contract=vault):
        functions.grantRole(WITHDRAWER_ROLE, world.pauser).call({"from": world.admin})


def test_nothing_moves_while_paused(world: World, vault: Contract, coin: Contract) -> None:
    paid_in(world, vault, coin)
    world.send(world.pauser, vault.functions.pause())
    pay = vault.functions.withdraw(coin.address, world.bob, 1, INTENT)
    for person, call in [
        (world.alice, vault.functions.deposit(coin.address, 1, ACCOUNT)),
        (world.minter, pay),
    ]:
        with world.reverts("EnforcedPause", contract=vault):
            call.call({"from": person})
    world.send(world.admin, vault.functions.unpause())
    world.send(world.minter, pay)


def test_the_admin_takes_what_strayed_in_and_not_what_was_deposited(
    world: World, vault: Contract, coin: Contract
) -> None:
    paid_in(world, vault, coin)
    recover = vault.functions.recoverStray(coin.address, world.bob)
    with world.reverts("AmountZero", contract=vault):
        recover.call({"from": world.admin})
    world.send(world.alice, coin.functions.transfer(vault.address, 7))
    with world.reverts("ReceiverInvalid", vault.address, contract=vault):
        vault.functions.recoverStray(coin.address, vault.address).call({"from": world.admin})
    receipt = world.send(world.admin, recover)
    assert world.events(vault, "StrayRecovered", receipt)[0]["amount"] == 7
    assert coin.functions.balanceOf(vault.address).call() == 5 * USD


def test_a_coin_no_longer_taken_can_still_leave(
    world: World, vault: Contract, coin: Contract
) -> None:
    paid_in(world, vault, coin)
    world.send(world.admin, vault.functions.setCoin(coin.address, False, CAP))
    with world.reverts("CoinNotAccepted", coin.address, contract=vault):
        vault.functions.deposit(coin.address, 1, ACCOUNT).call({"from": world.alice})
    world.send(world.minter, vault.functions.withdraw(coin.address, world.alice, 5 * USD, INTENT))

"""Random histories of the vault against a plain model: who brought what, and what is left today."""

from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from tests.support.contracts import ADMIN_DELAY_S, World, machine_settings

DAY_S = 86_400
ACCOUNT = b"\x11" * 32
people = st.integers(min_value=0, max_value=1)
amounts = st.integers(min_value=0, max_value=60)


class VaultMachine(RuleBasedStateMachine):
    """Does to the vault what it does to the model; both must agree on yes, no, and after."""

    world: ClassVar[World]
    coin: ClassVar[Contract]
    vault: ClassVar[Contract]

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.world.rpc("evm_snapshot")
        self.people = [self.world.alice, self.world.bob]
        self.wallets = [100, 100]
        self.held = self.stray = self.withdrawn = 0
        self.cap, self.accepted, self.paused = 50, True, False
        self.used: set[int] = set()

    def teardown(self) -> None:
        assert self.world.rpc("evm_revert", self.snapshot)

    # ------------------------------------------------------------- what can happen

    @rule(person=people, amount=amounts)
    def deposit(self, person: int, amount: int) -> None:
        call = self.vault.functions.deposit(self.coin.address, amount, ACCOUNT)
        may = self.accepted and not self.paused and 0 < amount <= self.wallets[person]
        if self.happens(self.people[person], call, may):
            self.wallets[person] -= amount
            self.held += amount

    @rule(person=people, amount=amounts, intent=st.integers(0, 4))
    def withdraw(self, person: int, amount: int, intent: int) -> None:
        key = Web3.keccak(text=f"intent {intent}")
        to = self.people[person]
        call = self.vault.functions.withdraw(self.coin.address, to, amount, key)
        if self.happens(self.world.minter, call, self.may_withdraw(amount, intent)):
            self.used.add(intent)
            self.wallets[person] += amount
            self.held -= amount
            self.withdrawn += amount

    @rule(person=people, amount=amounts)
    def send_without_deposit(self, person: int, amount: int) -> None:
        call = self.coin.functions.transfer(self.vault.address, amount)
        if amount <= self.wallets[person] and self.happens(self.people[person], call, True):
            self.wallets[person] -= amount
            self.stray += amount

    @rule(person=people)
    def recover(self, person: int) -> None:
        call = self.vault.functions.recoverStray(self.coin.address, self.people[person])
        if self.happens(self.world.admin, call, self.stray > 0):
            self.wallets[person] += self.stray
            self.stray = 0

    @rule(accepted=st.booleans(), cap=amounts)
    def set_coin(self, accepted: bool, cap: int) -> None:
        call = self.vault.functions.setCoin(self.coin.address, accepted, cap)
        assert self.happens(self.world.admin, call, True)
        self.accepted, self.cap = accepted, cap

    @rule()
    def pause_or_go_on(self) -> None:
        functions = self.vault.functions
        if self.paused:
            assert self.happens(self.world.admin, functions.unpause(), True)
        else:
            assert self.happens(self.world.pauser, functions.pause(), True)
        self.paused = not self.paused

    @rule()
    def next_day(self) -> None:
        self.world.rpc("evm_increaseTime", DAY_S)
        self.world.rpc("evm_mine")
        self.withdrawn = 0

    # ------------------------------------------------------------- what must hold

    @invariant()
    def chain_and_model_agree(self) -> None:
        coin, vault = self.coin, self.vault
        left = max(0, self.cap - self.withdrawn)
        assert vault.functions.coinOf(coin.address).call() == [self.accepted, self.cap, left]
        assert vault.functions.heldOf(coin.address).call() == self.held
        lies = coin.functions.balanceOf(vault.address).call()
        assert lies == self.held + self.stray
        wallets = [coin.functions.balanceOf(person).call() for person in self.people]
        assert wallets == self.wallets

    # ------------------------------------------------------------- the model

    def may_withdraw(self, amount: int, intent: int) -> bool:
        left = self.cap - self.withdrawn
        return not self.paused and intent not in self.used and 0 < amount <= min(self.held, left)

    def happens(self, sender: str, call: Any, expected: bool) -> bool:
        """Send; fails unless the contract accepts exactly when the model does."""
        try:
            self.world.send(sender, call)
        except ContractCustomError:
            assert not expected
            return False
        assert expected
        return True


@pytest.fixture
def machine(world: World) -> type[VaultMachine]:
    coin = world.deploy("support/DevelopmentCoin")
    roles = (ADMIN_DELAY_S, world.admin, world.minter, world.pauser)
    vault = world.deploy("Vault", *roles, [coin.address], [50])
    for person in (world.alice, world.bob):
        world.send(person, coin.functions.mint(person, 100))
        world.send(person, coin.functions.approve(vault.address, 10**9))
    # The day must not end in the middle of a history.
    now = world.web3.eth.get_block("latest")["timestamp"]
    world.rpc("evm_setNextBlockTimestamp", (now // DAY_S + 1) * DAY_S)
    world.rpc("evm_mine")
    VaultMachine.world, VaultMachine.coin, VaultMachine.vault = world, coin, vault
    return VaultMachine


def test_random_histories_of_the_vault_agree_with_the_model(machine: type[VaultMachine]) -> None:
    run_state_machine_as_test(machine, settings=machine_settings(steps=25))


def test_a_wrong_model_of_the_vault_is_noticed(machine: type[VaultMachine]) -> None:
    """The machine must be able to fail: this model forgets that an intent pays once."""

    class Forgetful(machine):  # type: ignore[misc, valid-type]
        def may_withdraw(self, amount: int, intent: int) -> bool:
            return bool(super().may_withdraw(amount, -1))

    forgetful = Forgetful()
    forgetful.deposit(0, 20)
    forgetful.withdraw(0, 5, 1)
    with pytest.raises(AssertionError):
        forgetful.withdraw(0, 5, 1)
    forgetful.teardown()

"""Random histories on chain against a plain model: a dictionary from token id to its owner."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError

from tests.support.contracts import STRIDE, ZERO_ADDRESS, Block, World, machine_settings

RETIRED = "retired"
BLOCKS = {1: Block(serial="one"), 3: Block(serial="three", first_serial=1)}
# Where segments, bitmap words and pages begin and end.
WINDOWS = [(1, 0), (1, 250), (1, 1018), (3, 2040)]
WINDOW_TOKENS = 14
UNIVERSE = [b * STRIDE + start + i for b, start in WINDOWS for i in range(WINDOW_TOKENS)]

people = st.integers(min_value=0, max_value=3)
ranges = st.builds(
    lambda window, start, count: (UNIVERSE[window * WINDOW_TOKENS + start], count),
    st.integers(0, len(WINDOWS) - 1),
    st.integers(0, WINDOW_TOKENS - 1),
    st.integers(1, WINDOW_TOKENS),
).map(lambda found: (found[0], min(found[1], _left_in_window(found[0]))))


def _left_in_window(token: int) -> int:
    return next(i for i in range(WINDOW_TOKENS, 0, -1) if token + i - 1 in UNIVERSE_SET)


UNIVERSE_SET = set(UNIVERSE)


class CreditMachine(RuleBasedStateMachine):
    """Does to the contract what it does to the model; both must agree on yes, no, and after."""

    world: ClassVar[World]
    inspector: ClassVar[Contract]

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.world.rpc("evm_snapshot")
        w = self.world
        self.people = [w.alice, w.bob, w.carol, w.dave]
        self.standing: dict[int, str] = {}
        self.approved: dict[int, str] = {}
        self.operators: set[tuple[str, str]] = set()
        self.intents = 0

    def teardown(self) -> None:
        assert self.world.rpc("evm_revert", self.snapshot)

    # ------------------------------------------------------------- what can happen

    @rule(to=people, tokens=ranges)
    def mint(self, to: int, tokens: tuple[int, int]) -> None:
        first, count = tokens
        block_id, offset = divmod(first, STRIDE)
        block = BLOCKS[block_id]
        self.intents += 1
        call = self.world.credit.functions.mintBatch(
            self.people[to],
            block_id,
            block,
            block.first_serial + offset,
            count,
            Web3.keccak(text=f"intent {self.intents}"),
        )
        free = all(self.standing.get(t) is None for t in ids([tokens]))
        if self.happens(self.world.minter, call, free):
            self.move([tokens], self.people[to])

    @rule(caller=people, sender=people, to=people, moved=st.lists(ranges, min_size=1, max_size=2))
    def transfer(self, caller: int, sender: int, to: int, moved: list[tuple[int, int]]) -> None:
        person, owner, target = self.people[caller], self.people[sender], self.people[to]
        call = self.world.credit.functions.transferRanges(owner, target, moved)
        if self.happens(person, call, self.may_move(person, owner, target, moved)):
            self.move(moved, target)

    @precondition(lambda self: self.owned())
    @rule(data=st.data(), to=people, count=st.integers(1, WINDOW_TOKENS))
    def transfer_own(self, data: st.DataObject, to: int, count: int) -> None:
        first = data.draw(st.sampled_from(self.owned()))
        owner, target = self.standing[first], self.people[to]
        tokens = [(first, min(count, _left_in_window(first)))]
        call = self.world.credit.functions.transferRanges(owner, target, tokens)
        if self.happens(owner, call, self.may_move(owner, owner, target, tokens)):
            self.move(tokens, target)

    @precondition(lambda self: self.owned())
    @rule(data=st.data(), caller=people, count=st.integers(1, 5), for_good=st.booleans())
    def burn(self, data: st.DataObject, caller: int, count: int, for_good: bool) -> None:
        first = data.draw(st.sampled_from(self.owned()))
        person, holder = self.people[caller], self.standing[first]
        tokens = [(first, min(count, _left_in_window(first)))]
        functions = self.world.credit.functions
        call = (
            functions.retire(tokens, "b", "m", "p")
            if for_good
            else functions.redeem(tokens, bytes(32))
        )
        if self.happens(person, call, self.may_move(person, holder, ZERO_ADDRESS, tokens)):
            self.move(tokens, RETIRED if for_good else None)

    @rule(caller=people, to=people, token=st.sampled_from(UNIVERSE))
    def approve(self, caller: int, to: int, token: int) -> None:
        person = self.people[caller]
        owner = self.standing.get(token)
        allowed = owner not in (None, RETIRED) and (
            person == owner or (owner, person) in self.operators
        )
        call = self.world.credit.functions.approve(self.people[to], token)
        if self.happens(person, call, allowed):
            self.approved[token] = self.people[to]

    @rule(owner=people, operator=people, approved=st.booleans())
    def set_operator(self, owner: int, operator: int, approved: bool) -> None:
        pair = (self.people[owner], self.people[operator])
        call = self.world.credit.functions.setApprovalForAll(pair[1], approved)
        assert self.happens(pair[0], call, True)
        (self.operators.add if approved else self.operators.discard)(pair)

    # ------------------------------------------------------------- what must hold

    @invariant()
    def chain_and_model_agree(self) -> None:
        for index in range(len(WINDOWS)):
            tokens = UNIVERSE[index * WINDOW_TOKENS : (index + 1) * WINDOW_TOKENS]
            views = self.inspector.functions.look(
                self.world.credit.address, tokens[0], WINDOW_TOKENS
            ).call()
            assert [tuple(view) for view in views] == [self.expected(token) for token in tokens]

    @invariant()
    def balances_add_up(self) -> None:
        functions = self.world.credit.functions
        owned = [self.standing[token] for token in self.owned()]
        for person in self.people:
            assert functions.balanceOf(person).call() == owned.count(person)
        assert functions.totalSupply().call() == len(owned)
        assert functions.totalRetired().call() == list(self.standing.values()).count(RETIRED)

    # ------------------------------------------------------------- the model

    def expected(self, token: int) -> tuple[str, str, bool]:
        standing = self.standing.get(token)
        if standing in (None, RETIRED):
            return ZERO_ADDRESS, ZERO_ADDRESS, standing == RETIRED
        return standing, self.approved.get(token, ZERO_ADDRESS), False

    def owned(self) -> list[int]:
        return sorted(token for token, owner in self.standing.items() if owner != RETIRED)

    def may_move(self, caller: str, owner: str, target: str, moved: list[tuple[int, int]]) -> bool:
        """Ranges of one call go one after the other: the second sees what the first did."""
        standing, approved = dict(self.standing), dict(self.approved)
        for token in ids(moved):
            leave = caller == owner or (owner, caller) in self.operators
            if standing.get(token) != owner or not (leave or approved.get(token) == caller):
                return False
            standing[token] = target
            approved.pop(token, None)
        return True

    def move(self, moved: list[tuple[int, int]], to: str | None) -> None:
        for token in ids(moved):
            self.approved.pop(token, None)
            if to is None:
                del self.standing[token]
            else:
                self.standing[token] = to

    def happens(self, sender: str, call: Any, expected: bool) -> bool:
        """Send; fails unless the contract accepts exactly when the model does."""
        try:
            self.world.send(sender, call)
        except ContractCustomError:
            assert not expected
            return False
        assert expected
        return True


def ids(moved: list[tuple[int, int]]) -> Iterator[int]:
    for first, count in moved:
        yield from range(first, first + count)


@pytest.fixture
def machine(world: World) -> type[CreditMachine]:
    CreditMachine.world = world
    CreditMachine.inspector = world.deploy("support/Inspector")
    return CreditMachine


def test_random_histories_agree_with_the_model(machine: type[CreditMachine]) -> None:
    run_state_machine_as_test(machine, settings=machine_settings(steps=30))


def test_a_wrong_model_is_noticed(machine: type[CreditMachine]) -> None:
    """The machine must be able to fail: this model forgets that a transfer ends approvals."""

    class Forgetful(machine):  # type: ignore[misc, valid-type]
        def move(self, moved: list[tuple[int, int]], to: str | None) -> None:
            kept = dict(self.approved)
            super().move(moved, to)
            self.approved.update(kept)

    forgetful = Forgetful()
    forgetful.mint(0, (UNIVERSE[0], 3))
    forgetful.approve(0, 1, UNIVERSE[0])
    forgetful.transfer(0, 0, 2, [(UNIVERSE[0], 1)])
    with pytest.raises(AssertionError):
        forgetful.chain_and_model_agree()
    forgetful.teardown()

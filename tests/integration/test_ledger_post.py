"""ledger_post against a plain model of it: whatever is posted, the books balance."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from unittest.mock import patch

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.errors import InsufficientFunds, ServiceError
from apps.accounts.ledger.holds import _SOURCES
from apps.accounts.ledger.invariants import (
    assets_sum_to_zero,
    balances_equal_transfers,
    held_equals_holds,
)
from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.ledger.services import (
    BALANCE_MAX,
    CUSTODY,
    Hold,
    Leg,
    ledger_post,
    platform_owner_get,
)
from tests.support.factories import TONNE, asset_make, fund, owner_make

pytestmark = pytest.mark.django_db

OWNERS, ASSETS = 4, 2  # The first owner is custody.
KIND = Transfer.Kind.GIFT


@dataclass(frozen=True)
class PlannedLeg:
    source: int
    target: int
    asset: int
    amount: int
    from_held: bool


@dataclass(frozen=True)
class PlannedHold:
    owner: int
    asset: int
    amount: int


amounts = st.integers(1, 20)
owners = st.integers(0, OWNERS - 1)
assets = st.integers(0, ASSETS - 1)
legs = st.builds(PlannedLeg, owners, owners, assets, amounts, st.booleans()).filter(
    lambda leg: leg.source != leg.target
)
holds = st.builds(PlannedHold, st.integers(1, OWNERS - 1), assets, st.integers(-20, 20))
posts = st.tuples(st.lists(legs, max_size=4), st.lists(holds, max_size=3))


class Model:
    """Two dictionaries and no database: what ledger_post must agree with."""

    def __init__(self) -> None:
        self.available: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.held: defaultdict[tuple[int, int], int] = defaultdict(int)

    def post(self, legs: list[PlannedLeg], holds: list[PlannedHold]) -> bool:
        """Whether it is covered; changes nothing when it is not."""
        available, held = self.available.copy(), self.held.copy()
        for leg in legs:
            (held if leg.from_held else available)[leg.source, leg.asset] -= leg.amount
            available[leg.target, leg.asset] += leg.amount
        for hold in holds:
            available[hold.owner, hold.asset] -= hold.amount
            held[hold.owner, hold.asset] += hold.amount
        uncovered = [key for key, amount in available.items() if amount < 0 and key[0] != 0]
        if uncovered or any(amount < 0 for amount in held.values()):
            return False
        self.available, self.held = available, held
        return True


def post(
    people: list[Owner], things: list[Asset], legs: list[PlannedLeg], holds: list[PlannedHold]
) -> bool:
    try:
        with transaction.atomic():
            ledger_post(
                legs=[
                    Leg(
                        people[leg.source],
                        people[leg.target],
                        things[leg.asset],
                        leg.amount,
                        KIND,
                        1,
                        leg.from_held,
                    )
                    for leg in legs
                ],
                holds=[Hold(people[h.owner], things[h.asset], h.amount) for h in holds],
            )
    except InsufficientFunds:
        return False
    return True


@settings(deadline=None, max_examples=60)
@given(plan=st.lists(posts, min_size=1, max_size=12))
def test_whatever_is_posted_the_books_balance_and_agree_with_the_model(
    plan: list[tuple[list[PlannedLeg], list[PlannedHold]]],
) -> None:
    with transaction.atomic():
        people = [platform_owner_get(name=CUSTODY), *(owner_make() for _ in range(OWNERS - 1))]
        things = [asset_make() for _ in range(ASSETS)]
        model = Model()
        for legs, holds in plan:
            assert post(people, things, legs, holds) == model.post(legs, holds)
        for balance in Balance.objects.filter(owner__in=people):
            key = people.index(balance.owner), things.index(balance.asset)
            assert (balance.available, balance.held) == (model.available[key], model.held[key])
        assert [*balances_equal_transfers(), *assets_sum_to_zero()] == []
        transaction.set_rollback(True)


# --- single rules --------------------------------------------------------------------------------


@pytest.fixture
def cash() -> Asset:
    return asset_make("USDC")


def leg(source: Owner, target: Owner, asset: Asset, amount: int, **more: bool) -> Leg:
    return Leg(source, target, asset, amount, KIND, 7, **more)


@pytest.mark.django_db(transaction=True)
def test_it_posts_only_inside_a_transaction_that_can_undo_it(cash: Asset) -> None:
    with pytest.raises(AssertionError, match="inside a transaction"):
        ledger_post(legs=[leg(owner_make(), owner_make(), cash, 1)])


def test_movements_posted_as_one_share_a_batch_that_no_other_has(cash: Asset) -> None:
    rich, poor = owner_make(), owner_make()
    fund(rich, cash, 10)
    batches = []
    for _ in range(2):
        with transaction.atomic():
            batches.append(ledger_post(legs=[leg(rich, poor, cash, 1), leg(rich, poor, cash, 2)]))
    assert len(set(batches)) == 2
    for batch in batches:
        assert sorted(
            Transfer.objects.filter(batch=batch).values_list("amount", "kind", "reference")
        ) == [(1, KIND, 7), (2, KIND, 7)]


def test_a_chain_of_legs_needs_only_its_net_amounts(cash: Asset) -> None:
    first, middle, last = owner_make(), owner_make(), owner_make()
    fund(first, cash, 5)
    with transaction.atomic():
        ledger_post(legs=[leg(middle, last, cash, 5), leg(first, middle, cash, 5)])
    assert Balance.objects.get(owner=middle).total == 0
    assert Balance.objects.get(owner=last).available == 5


def test_what_is_held_cannot_be_spent_but_can_be_paid_out_of_the_hold(cash: Asset) -> None:
    owner, other = owner_make(), owner_make()
    fund(owner, cash, 10)
    with transaction.atomic():
        ledger_post(holds=[Hold(owner, cash, 8)])
    with pytest.raises(InsufficientFunds), transaction.atomic():
        ledger_post(legs=[leg(owner, other, cash, 3)])
    with transaction.atomic():
        ledger_post(legs=[leg(owner, other, cash, 8, from_held=True)])
    balance = Balance.objects.get(owner=owner)
    assert (balance.available, balance.held) == (2, 0)


def test_a_refusal_changes_nothing_at_all(cash: Asset) -> None:
    owner, other = owner_make(), owner_make()
    fund(owner, cash, 10)
    before = list(Balance.objects.order_by("pk").values())
    with pytest.raises(InsufficientFunds), transaction.atomic():
        ledger_post(
            legs=[leg(owner, other, cash, 4), leg(owner, other, cash, 7)],
            holds=[Hold(owner, cash, 1)],
        )
    assert list(Balance.objects.order_by("pk").values()) == before
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize("amount", [0, -1])
def test_a_leg_moves_something_forwards(cash: Asset, amount: int) -> None:
    with pytest.raises(AssertionError, match="positive"), transaction.atomic():
        ledger_post(legs=[leg(owner_make(), owner_make(), cash, amount)])


def test_a_leg_goes_to_somebody_else(cash: Asset) -> None:
    owner = owner_make()
    fund(owner, cash, TONNE)
    with pytest.raises(AssertionError, match="somebody else"), transaction.atomic():
        ledger_post(legs=[leg(owner, owner, cash, 1)])


def test_more_than_a_balance_can_hold_is_refused_with_a_sentence(cash: Asset) -> None:
    owner = owner_make()
    fund(owner, cash, BALANCE_MAX)
    with pytest.raises(ServiceError) as refusal:
        fund(owner, cash, 1)
    assert refusal.value.code == "amount_too_large"
    assert Balance.objects.get(owner=owner).available == BALANCE_MAX


# --- the invariants see what is wrong ------------------------------------------------------------


def test_the_invariants_notice_a_balance_that_no_transfer_explains(cash: Asset) -> None:
    balance = fund(owner_make(), cash, 10)
    assert [*balances_equal_transfers(), *assets_sum_to_zero()] == []
    Balance.objects.filter(pk=balance.pk).update(available=11)
    assert list(balances_equal_transfers()) == [
        f"balance {balance.pk}: holds 11 but its transfers add up to 10"
    ]
    assert list(assets_sum_to_zero()) == ["asset USDC: all balances add up to 1, not 0"]


def test_the_invariants_notice_a_hold_that_nothing_explains(cash: Asset) -> None:
    owner = owner_make()
    fund(owner, cash, 10)
    with transaction.atomic():
        ledger_post(holds=[Hold(owner, cash, 4)])
    explained = f"SELECT {owner.pk}::bigint AS owner_id, {cash.pk}::bigint AS asset_id, 4 AS amount"
    for sources, broken in (
        ([explained], 0),
        ([explained, explained], 1),
        ([f"{explained} WHERE false"], 1),
    ):
        stand_in = {f"kind{number}": source for number, source in enumerate(sources)}
        with patch.dict(_SOURCES, stand_in, clear=True):
            assert len(list(held_equals_holds())) == broken

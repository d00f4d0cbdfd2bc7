"""Everything that can happen to credits in custody, as moves that tests draw at random.

A move that the services refuse moves nothing. The serials 1 to `SERIALS` of one class are all there
is: after any moves each is in exactly one block, and no gram is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar

from django.db import transaction
from hypothesis import strategies as st

from apps.accounts.errors import ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.ledger.services import HOUSE, platform_owner_get
from apps.accounts.models import User
from apps.registry.models import (
    CreditClass,
    CustodyReceipt,
    RegistryRetirement,
    SerialBlock,
    Withdrawal,
    WithdrawalOutcome,
)
from apps.registry.models.blocks import Span
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from apps.registry.services.filling import tonne_fill_up
from apps.registry.services.spans import tokenised_redeem
from apps.registry.services.splits import block_split
from apps.registry.services.withdrawals import (
    withdrawal_cancel,
    withdrawal_outcome_decide,
    withdrawal_outcome_submit,
    withdrawal_request,
    withdrawal_start,
)
from tests.support.custody import confirm, document
from tests.support.factories import staff_make
from tests.support.registry import TONNE, block_make, holder_make, receive
from tests.support.retiring import bridge, retire, retire_on_chain, take_out

SERIALS: Final = 24
# What is done, and two numbers that say to what and how much of it.
Move = tuple[str, int, int]
Row = TypeVar("Row")


class World:
    """Two blocks, of which one is in custody for `owner` and a serial of the other for `house`."""

    def __init__(self) -> None:
        first, second = block_make(1, 16), block_make(17, 8)
        owner, credit_class = holder_make(first)
        self.owner: Owner = owner
        self.credit_class: CreditClass = credit_class
        self.clerk: User = staff_make(
            ("change", SerialBlock),
            ("change", Withdrawal),
            ("add", WithdrawalOutcome),
            ("add", CustodyReceipt),
            ("change", RegistryRetirement),
        )
        self.decider: User = staff_make(("change", WithdrawalOutcome), ("change", CustodyReceipt))
        block_split(block=second, last_serial=17, reason="statement", by=self.clerk)
        second.refresh_from_db()
        receive(second, platform_owner_get(name=HOUSE))
        self._number, self._lock = 0, threading.Lock()

    def play(self, moves: list[Move]) -> list[str]:
        """Each move in a transaction of its own; which of them were done."""
        done = []
        for name, one, other in moves:
            try:
                with transaction.atomic():
                    MOVES[name](self, one, other)
            except ServiceError:
                continue
            done.append(name)
        return done

    def key(self) -> str:
        """A key that was never used."""
        with self._lock:
            self._number += 1
            return str(self._number)

    def block(self, number: int, *states: str) -> SerialBlock:
        """Some block in one of these states. Raises ServiceError without any."""
        return _some(list(SerialBlock.objects.filter(state__in=states).order_by("start")), number)


def _some(rows: list[Row], number: int) -> Row:
    if not rows:
        raise ServiceError("nothing there")
    return rows[number % len(rows)]


def _receive(world: World, one: int, other: int) -> None:
    block = world.block(one, "issued", "withdrawn")
    receipt = custody_receipt_propose(
        block=block, owner=world.owner, registry_reference=world.key(), by=world.clerk
    )
    decision = "rejected" if other % 4 == 0 else "approved"
    custody_receipt_decide(proposal=receipt, decision=decision, by=world.decider)


def _split(world: World, one: int, other: int) -> None:
    block = world.block(one, "issued", "immobilised", "withdrawn")
    last_serial = block.start + other % block.tonnes
    block_split(block=block, last_serial=last_serial, reason="statement", by=world.clerk)


def _retire(world: World, one: int, other: int) -> None:
    grams = one * TONNE // 3 + other * 10_007
    retire(world.owner, world.credit_class, grams, key=world.key())


def _fill(world: World, one: int, other: int) -> None:
    items = RegistryRetirement.objects.filter(state=RegistryRetirement.State.FILLING)
    tonne_fill_up(item=_some(list(items), one), by=world.clerk)


def _take_out(world: World, one: int, other: int) -> None:
    take_out(world.owner, world.credit_class, 1 + one % 4)


def _out(one: int, other: int) -> tuple[SerialBlock, int, int]:
    """Some serials that are out, under the block that the chain names."""
    spans = Span.objects.filter(state=Span.State.TOKENISED).select_related("block__root")
    span = _some(list(spans.order_by("grams")), one)
    first = span.block.start + (span.grams.lower - span.block.base) // TONNE
    tonnes = (span.grams.upper - span.grams.lower) // TONNE
    begin = first + other % tonnes
    return span.block.origin, begin, min(begin + one % 3, first + tonnes - 1)


def _redeem(world: World, one: int, other: int) -> None:
    block, first, last = _out(one, other)
    tokenised_redeem(block=block, first_serial=first, last_serial=last, reference="0xburn")
    bridge(world.owner, world.credit_class, -(last - first + 1) * TONNE)


def _retire_on_chain(world: World, one: int, other: int) -> None:
    retire_on_chain(*_out(one, other), idempotency_key=f"0x{world.key()}")


def _withdraw(world: World, one: int, other: int) -> None:
    withdrawal_request(
        owner=world.owner,
        credit_class=world.credit_class,
        tonnes=1 + one % 5,
        registry_account="1034",
        account_name="Individual One",
        idempotency_key=world.key(),
    )


def _open_withdrawal(one: int) -> Withdrawal:
    found = Withdrawal.objects.filter(state__in=Withdrawal.OPEN_STATES).order_by("pk")
    return _some(list(found), one)


def _cancel(world: World, one: int, other: int) -> None:
    withdrawal_cancel(withdrawal=_open_withdrawal(one))


def _end(world: World, one: int, other: int) -> None:
    withdrawal = withdrawal_start(withdrawal=_open_withdrawal(one), by=world.clerk)
    outcome = WithdrawalOutcome(
        withdrawal=withdrawal,
        outcome="refused" if other % 3 == 0 else "transferred",
        reason="The account does not exist.",
        registry_reference=world.key(),
        transferred_on=date(2026, 5, 4),
        document=document(),
    )
    made = withdrawal_outcome_submit(proposal=outcome, by=world.clerk)
    withdrawal_outcome_decide(proposal=made, decision="approved", by=world.decider)


def _confirm(world: World, one: int, other: int) -> None:
    items = RegistryRetirement.objects.filter(state=RegistryRetirement.State.READY)
    confirm(_some(list(items.order_by("grams")), one))


MOVES: Final[dict[str, Callable[[World, int, int], None]]] = {
    "receive": _receive,
    "split": _split,
    "retire": _retire,
    "fill": _fill,
    "take_out": _take_out,
    "redeem": _redeem,
    "retire_on_chain": _retire_on_chain,
    "withdraw": _withdraw,
    "cancel": _cancel,
    "end": _end,
    "confirm": _confirm,
}


def moves(most: int) -> st.SearchStrategy[list[Move]]:
    """Up to `most` moves in any order."""
    number = st.integers(0, 11)
    return st.lists(st.tuples(st.sampled_from(sorted(MOVES)), number, number), max_size=most)


def lost_or_doubled() -> list[str]:
    """What is wrong with the serials: each is to be in just one block, and nothing else is."""
    blocks = list(SerialBlock.objects.order_by("start").values_list("start", "end"))
    expected = 1
    for start, end in blocks:
        if start != expected:
            return [f"serial {expected} is followed by the block {start} to {end}"]
        expected = end + 1
    return [] if expected == SERIALS + 1 else [f"serials end at {expected - 1}"]

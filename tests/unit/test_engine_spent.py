"""Verdicts depend on the balances that new and changed orders spend, and on no others."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection

import pytest

from apps.orderbook.engine.touched import Key, keys_of, spent_by
from tests.support.decided import (
    BATCH_MAX,
    BATCHES,
    command_make,
    decide,
    market_make,
    owned_make,
)

Choose = Callable[[Collection[Key], Collection[Key]], Collection[Key]]


def others(keys: Collection[Key], spent: Collection[Key]) -> Collection[Key]:
    return set(keys) - set(spent)


def nobody(_keys: Collection[Key], _spent: Collection[Key]) -> Collection[Key]:
    return ()


def spenders(_keys: Collection[Key], spent: Collection[Key]) -> Collection[Key]:
    return spent


def decided(seed: int, misread: Choose) -> tuple[str, list[tuple[int, int]]]:
    """The hash of a market's events after random commands, and what all balances came to, where
    some balances are taken for others than they are while a batch is decided."""
    draw, market = random.Random(seed), market_make()
    money = draw.choice((30_000_000, 10**9))
    owned = owned_make(money)
    id_, at_us, shifts = 0, 1_000_000, random.Random(seed)
    for _ in range(BATCHES):
        commands = [command_make(draw, id_ + place) for place in range(1, BATCH_MAX)]
        id_, at_us = id_ + len(commands), at_us + draw.choice((1_000, 400_000, 6_000_000))
        keys = set(keys_of(market, commands, at_us))
        spent = set(spent_by(market, commands))
        assert spent <= keys
        shifted = {
            key: (shifts.randrange(-money, money), shifts.randrange(-money, money))
            for key in sorted(misread(keys, spent))
        }
        for key, (available, held) in shifted.items():
            owned[key].available += available
            owned[key].held += held
        decide(market, commands, at_us, owned, keys)
        for key, (available, held) in shifted.items():
            owned[key].available -= available
            owned[key].held -= held
    return market.hash.hex(), [(wallet.available, wallet.held) for wallet in owned.values()]


@pytest.mark.parametrize("seed", range(40))
def test_what_is_not_spent_may_be_anything(seed: int) -> None:
    assert decided(seed, others) == decided(seed, nobody)


def test_control_what_is_spent_may_not() -> None:
    different = [seed for seed in range(10) if decided(seed, spenders) != decided(seed, nobody)]
    assert len(different) > 5

"""Two engines beside each other: two markets of the same owners and the same quote asset, their
journals full, carried out by one engine process and by two.

Each round measures both, one right after the other and in the other order than the round before,
and the ratio is that of the round: what changes with time, as tables grow, is in both. Before each
of them the tables are vacuumed, so that autovacuum has nothing left to do of another's rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Sum

from apps.accounts.ledger.models import Asset, Owner, Transfer
from apps.accounts.ledger.services import CUSTODY, Leg, ledger_post, platform_owner_get
from apps.orderbook.engine.session import connect
from apps.orderbook.models import Fill, Product
from apps.orderbook.services.products import product_create
from benchmarks.common_flow import LOT, TICK, USERS, common_flow
from benchmarks.durable import (
    CHECKED,
    RICH,
    asset_create,
    journal_fill,
    owners_create,
    server_wear_in,
)
from benchmarks.figures import Figure, figure_of
from benchmarks.part import Part
from ccmarket.invariants import INVARIANTS

ROUNDS: Final = 6
COMMANDS: Final = 30_000


def measure(rounds: int = ROUNDS, commands: int = COMMANDS) -> list[Figure]:
    """Commands a second of one engine and of two, taking turns at going first."""
    owners = owners_create("engines", 2 * USERS)
    quote = asset_create("TWO-QUOTE")
    assets_fund(owners, quote)
    flow, totals = common_flow(commands)
    with connect("benchmark") as connection:
        server_wear_in(connection)
    ones: list[float] = []
    twos: list[float] = []
    for number in range(rounds):
        both = (1, ones), (2, twos)
        for engines, rates in both if number % 2 == 0 else reversed(both):
            bases = [asset_create(f"TWO-{number}-{engines}-{side}") for side in "AB"]
            markets = [market_open(base, quote, owners) for base in bases]
            with connect("benchmark") as connection:
                for market in markets:
                    journal_fill(connection, market, owners, flow)
                connection.execute("VACUUM (ANALYZE)")
                connection.execute("CHECKPOINT")
            rates.append(2 * len(flow) / serve(markets, engines))
            for market in markets:
                fills = Fill.objects.filter(product=market).aggregate(quantity=Sum("size"))
                assert fills["quantity"] == totals.quantity * LOT, fills
    broken = [line for name in CHECKED for line in INVARIANTS[name]()]
    assert not broken, broken
    return [
        figure_of("engine_one", ones, "commands/s"),
        figure_of("engine_two", twos, "commands/s", against="engine_one", base=ones),
    ]


def serve(markets: Sequence[Product], engines: int) -> float:
    """How many seconds so many engines need for all that waits."""
    ids = [market.pk for market in markets]
    parts = [Part("engine", *ids[number::engines]) for number in range(engines)]
    began_s = time.monotonic()
    for part in parts:
        part.go()
    return max(part.result()[0] for part in parts) - began_s


def market_open(base: Asset, quote: Asset, owners: Sequence[Owner]) -> Product:
    """A market with fees whose base every owner has plenty of."""
    assets_fund(owners, base)
    return product_create(
        base=base, quote=quote, price_increment=TICK, size_increment=LOT, size_min=LOT,
        size_max=LOT * 10**6, maker_bps=10, taker_bps=20,
    )  # fmt: skip


def assets_fund(owners: Sequence[Owner], *assets: Asset) -> None:
    custody = platform_owner_get(name=CUSTODY)
    for asset in assets:
        legs = [Leg(custody, owner, asset, RICH, Transfer.Kind.BANK, 1) for owner in owners]
        with transaction.atomic():
            ledger_post(legs=legs)

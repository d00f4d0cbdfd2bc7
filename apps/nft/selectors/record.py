"""The public record of a day: what the leaves of its tree say.

Nothing of it is anybody's secret, and nothing names a person: who retired for whom is on the
certificate, which the leaf names by its number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from django.utils import timezone

from apps.accounts.ledger.services import CUSTODY
from apps.accounts.models import Balance
from apps.nft.models import AnchorLeaf
from apps.nft.selectors.balances import KIND, AssetBalances
from apps.orderbook.ids import id_number, id_product
from apps.orderbook.models import Fill, Product
from apps.orderbook.models.enums import Side
from apps.registry.models import Retirement

ROWS_AT_ONCE: Final = 10_000
SIDES: Final = {Side.BUY: "buy", Side.SELL: "sell"}


def record_of(day: date) -> Iterator[AnchorLeaf]:
    """The leaves of a day (UTC), unsaved: retirements, trades by market, supply by asset.

    Supply is that of the moment, which the leaf names; call it inside one snapshot.
    """
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    yield from _retirements(start, end)
    yield from _trades(start, end)
    yield from supply_of_the_moment()


def _retirements(start: datetime, end: datetime) -> Iterator[AnchorLeaf]:
    found = Retirement.objects.filter(created_at__gte=start, created_at__lt=end)
    for one in found.select_related("credit_class").order_by("pk").iterator(ROWS_AT_ONCE):
        content = {
            "class": one.credit_class.code,
            "grams": one.amount_grams,
            "source": one.source,
            "at": _moment(one.created_at),
        }
        yield _leaf("retirement", one.number, content)


def _trades(start: datetime, end: datetime) -> Iterator[AnchorLeaf]:
    """One leaf for each market that traded: the sums, and the hash of the list of its trades.

    A line of the list is `trade id,price,size,maker's side,time`, numbers in micro-units.
    """
    # By time alone, which is how they lie on disk; their keys begin with the market.
    found = Fill.objects.filter(created_at__gte=start, created_at__lt=end).order_by("pk")
    names = dict(Product.objects.values_list("pk", "code"))
    of_markets = groupby(found.iterator(ROWS_AT_ONCE), key=lambda fill: id_product(fill.pk))
    for product_id, fills in of_markets:
        digest, count, base, quote = hashlib.sha256(), 0, 0, 0
        for fill in fills:
            side = SIDES[Side(1 - fill.taker_side)]
            facts = (id_number(fill.pk), fill.price, fill.size, side, _moment(fill.created_at))
            digest.update((",".join(map(str, facts)) + "\n").encode())
            count, base, quote = count + 1, base + fill.size, quote + fill.notional
        content = {
            "trades": count,
            "base_micro": base,
            "quote_micro": quote,
            "list_sha256": digest.hexdigest(),
        }
        yield _leaf("trades", names[product_id], content)


def supply_of_the_moment() -> Iterator[AnchorLeaf]:
    """How much of each asset is out: what custody issued, less what it took back."""
    now = _moment(timezone.now())
    issued = Balance.objects.filter(owner__platform_name=CUSTODY).exclude(available=0)
    for balance in issued.select_related("asset").order_by("asset__code"):
        content = {"micro": -balance.total, "at": now}
        yield _leaf("supply", balance.asset.code, content)


def balances_leaf(balances: AssetBalances) -> AnchorLeaf:
    """The root over all that is owed of an asset, and the sum of it."""
    content = {
        "leaves": len(balances.leaves),
        "micro": balances.root.total,
        "root": "0x" + balances.root.hash.hex(),
    }
    return _leaf(KIND, balances.asset.code, content)


def _leaf(kind: str, name: str, content: dict[str, Any]) -> AnchorLeaf:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return AnchorLeaf(kind=kind, name=name, content=text)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

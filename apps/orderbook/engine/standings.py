"""Where the owners of a batch stand in schedules of fees: looked up once, when a schedule asks.

A market without tiers costs nothing. `orderbook_volume` has what an owner has traded up to and with
each day, so what was traded between two days is the difference of two rows, however many trades it
was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from apps.orderbook.engine.command import CHANGE, PLACE, Command
from apps.orderbook.engine.fees import Standing
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.session import EPOCH, array
from apps.orderbook.engine.wire import Answer, Wire

# Today and as many days before it as make 30.
WINDOW: Final = timedelta(days=30)

_STANDINGS: Final = """
WITH cc_asset AS (SELECT id FROM accounts_asset WHERE code = 'CC')
SELECT o.owner, coalesce(upto.total, 0) - coalesce(before.total, 0), coalesce(cc.amount, 0)
FROM unnest(%s::bigint[]) AS o (owner)
LEFT JOIN LATERAL (
    SELECT total FROM orderbook_volume
    WHERE owner_id = o.owner AND asset_id = %s::bigint ORDER BY day DESC LIMIT 1
) upto ON true
LEFT JOIN LATERAL (
    SELECT total FROM orderbook_volume
    WHERE owner_id = o.owner AND asset_id = %s::bigint AND day <= %s::date ORDER BY day DESC LIMIT 1
) before ON true
LEFT JOIN LATERAL (
    SELECT sum(amount)::bigint AS amount FROM (
        SELECT b.available + b.held AS amount FROM accounts_balance b
        WHERE b.owner_id = o.owner AND b.asset_id = (SELECT id FROM cc_asset)
        UNION ALL
        SELECT h.amount FROM accounts_wallet w JOIN accounts_walletholding h ON h.wallet_id = w.id
        WHERE w.owner_id = o.owner AND w.unlinked_at IS NULL
          AND h.asset_id = (SELECT id FROM cc_asset)
    ) anywhere
) cc ON true
"""


def look_up_standings(wire: Wire, work: Sequence[tuple[Market, list[Command]]], at_us: int) -> None:
    """Tell each market that needs it where those who place orders stand.

    How much each of them has traded for its quote asset in 30 days, and has of CC; CC in a linked
    wallet counts as CC on the ledger does.
    """
    before = (day_of(at_us) - WINDOW).isoformat()
    asked: list[tuple[Market, Answer]] = []
    for market, commands in work:
        if market.schedule.tiers or any(c.kind == CHANGE for c in commands):
            owners = array({c.owner for c in commands if c.kind == PLACE})
            values = (owners, market.quote, market.quote, before)
            asked.append((market, wire.say(_STANDINGS, values)))
    if asked:
        wire.hear()
    for market, answer in asked:
        market.standings = {owner: Standing(volume, cc) for owner, volume, cc in answer.rows}


def day_of(at_us: int) -> date:
    """The day, in UTC."""
    moment: datetime = EPOCH + timedelta(microseconds=at_us)
    return moment.date()

"""Where the owners of a batch stand in schedules of fees: looked up once, when a schedule asks.

A market without tiers costs nothing. `orderbook_volume` has what an owner has traded up to and with
each day, so what was traded between two days is the difference of two rows, however many trades it
was. The accounts of one organisation stand where they stand together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from apps.orderbook.engine.command import CHANGE, PLACE, Command
from apps.orderbook.engine.fees import Standing
from apps.orderbook.engine.market import Market
from apps.orderbook.engine.session import EPOCH, array
from apps.orderbook.engine.wire import Answer, Wire

# Today and as many days before it as make 30.
WINDOW: Final = timedelta(days=30)

# A row for each account that counts for an owner: itself, and the others of its organisation.
_STANDINGS: Final = """
WITH cc_asset AS (SELECT id FROM accounts_asset WHERE code = 'CC'), account AS (
    SELECT o.owner, o.owner AS id FROM unnest(%s::bigint[]) AS o (owner)
    UNION ALL
    SELECT mine.id, beside.id FROM unnest(%s::bigint[]) AS o (owner)
    JOIN accounts_owner mine ON mine.id = o.owner
    JOIN accounts_owner beside
      ON beside.organisation_id = mine.organisation_id AND beside.id <> mine.id
)
SELECT account.owner, coalesce(upto.total, 0) - coalesce(before.total, 0), coalesce(cc.amount, 0)
FROM account
LEFT JOIN LATERAL (
    SELECT total FROM orderbook_volume
    WHERE owner_id = account.id AND asset_id = %s::bigint ORDER BY day DESC LIMIT 1
) upto ON true
LEFT JOIN LATERAL (
    SELECT total FROM orderbook_volume
    WHERE owner_id = account.id AND asset_id = %s::bigint AND day <= %s::date
    ORDER BY day DESC LIMIT 1
) before ON true
LEFT JOIN LATERAL (
    SELECT sum(amount)::bigint AS amount FROM (
        SELECT b.available + b.held AS amount FROM accounts_balance b
        WHERE b.owner_id = account.id AND b.asset_id = (SELECT id FROM cc_asset)
        UNION ALL
        SELECT h.amount FROM accounts_wallet w JOIN accounts_walletholding h ON h.wallet_id = w.id
        WHERE w.owner_id = account.id AND w.unlinked_at IS NULL
          AND h.asset_id = (SELECT id FROM cc_asset)
    ) anywhere
) cc ON true
"""


def look_up_standings(wire: Wire, work: Sequence[tuple[Market, list[Command]]], at_us: int) -> None:
    """Tell each market that needs it where those who place orders stand.

    How much each of them, with the other accounts of their organisation, has traded for its quote
    asset in 30 days, and has of CC; CC in a linked wallet counts as CC on the ledger does.
    """
    before = (day_of(at_us) - WINDOW).isoformat()
    asked: list[tuple[Market, Answer]] = []
    for market, commands in work:
        if market.schedule.tiers or any(c.kind == CHANGE for c in commands):
            owners = array({c.owner for c in commands if c.kind == PLACE})
            values = (owners, owners, market.quote, market.quote, before)
            asked.append((market, wire.say(_STANDINGS, values)))
    if asked:
        wire.hear()
    for market, answer in asked:
        market.standings = _together(answer.rows)


def _together(rows: Iterable[tuple[int, int, int]]) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    for owner, volume, cc in rows:
        other = found.get(owner)
        found[owner] = (
            Standing(volume + other.volume, cc + other.cc) if other else Standing(volume, cc)
        )
    return found


def day_of(at_us: int) -> date:
    """The day, in UTC."""
    moment: datetime = EPOCH + timedelta(microseconds=at_us)
    return moment.date()

"""Matching inside the request's own transaction: what one writes who wants no engine, as its peer.

Each order locks its market, holds its owner's money, looks up the best resting orders, writes
order, fills, transfers and balances, and commits. It has the tables and indexes of the engine's
results, and statements that are prepared and sent together wherever that can be. It writes no
journal, no events, no price levels and no candles, and knows no other kind of order: it need not
pay for any of that. One client: the market's lock lets no second one in anyway.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from apps.accounts.ledger.numbers import FILLS_FROM
from apps.orderbook.engine.session import Connection
from benchmarks.common_flow import USERS, Cancel, Place, Totals

MAKER_BPS, TAKER_BPS = 10, 20
RICH: Final = 10**15
BASE, QUOTE, FEES = 0, 1, 0
TOGETHER: Final = 20

_TABLES: Final = """
DROP TABLE IF EXISTS request_market, request_balance, request_order, request_fill, request_transfer;
CREATE TABLE request_market (id bigint PRIMARY KEY);
CREATE TABLE request_balance (owner bigint, asset bigint, available bigint NOT NULL CHECK
    (available >= 0), held bigint NOT NULL CHECK (held >= 0), PRIMARY KEY (owner, asset));
CREATE TABLE request_order (LIKE orderbook_order INCLUDING ALL);
CREATE INDEX ON request_order (side, price, id) WHERE status = 1;
CREATE TABLE request_fill (LIKE orderbook_fill INCLUDING ALL);
CREATE TABLE request_transfer (LIKE accounts_transfer INCLUDING ALL);
INSERT INTO request_market VALUES (1);
"""
_FUND: Final = f"""
INSERT INTO request_balance SELECT owner, asset, {RICH}, 0
FROM generate_series(0, %s) owner, generate_series(0, 1) asset
"""
_MARKET: Final = "SELECT FROM request_market WHERE id = 1 FOR UPDATE"
_BALANCE: Final = """
UPDATE request_balance SET available = available + %s, held = held + %s
WHERE owner = %s AND asset = %s
"""
_BEST: Final = {
    side: f"""
SELECT id, owner_id, price, size - filled_size FROM request_order
WHERE side = {1 - side} AND status = 1 AND price {"><"[1 - side]}= %s
ORDER BY price {("", "DESC")[side]}, id LIMIT %s
"""
    for side in (0, 1)
}
_OPEN: Final = """
SELECT owner_id, side, hold FROM request_order WHERE id = %s AND status = 1
"""
_ORDER: Final = f"""
INSERT INTO request_order (id, product_id, owner_id, side, order_type, price, size, time_in_force,
    post_only, self_trade, maker_bps, taker_bps, filled_size, filled_notional, fees, hold, priority,
    status, done_reason, created_at)
VALUES (%s, 1, %s, %s, 0, %s, %s, 0, false, 0, {MAKER_BPS}, {TAKER_BPS}, %s, %s, %s, %s, 0, %s, %s,
    now())
"""
_LESS: Final = """
UPDATE request_order SET filled_size = filled_size + %s, filled_notional = filled_notional + %s,
    fees = fees + %s, hold = hold - %s, status = %s, done_reason = %s WHERE id = %s
"""
_FILL: Final = """
INSERT INTO request_fill (id, product_id, maker_order_id, taker_order_id, maker_owner_id,
    taker_owner_id, taker_side, price, size, notional, maker_fee, taker_fee, created_at)
VALUES (%s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now())
"""
_TRANSFER: Final = """
INSERT INTO request_transfer (from_balance_id, to_balance_id, amount, kind, reference, batch)
VALUES (%s, %s, %s, %s, %s, 1)
"""


class Requests:
    """One client that sends its orders one after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._writes: list[tuple[str, Sequence[Any]]] = []
        self.fills = 0

    def place(self, order: Place) -> None:
        """Match an order and commit what comes of it."""
        owner, side, price, left = order.owner, order.side, order.price, order.size
        asset = BASE if side else QUOTE
        hold = _hold(side, price, left)
        notional = fees = 0
        with self._connection.transaction():
            with self._connection.pipeline():
                self._connection.execute(_MARKET)
                self._connection.execute(_BALANCE, (-hold, hold, owner, asset))
                best = self._connection.execute(_BEST[side], (price, TOGETHER))
            found = best.fetchall()
            while left and found:
                for maker in found:
                    size = min(left, maker[3])
                    value, fee = self._trade(order, maker, size)
                    left, notional, fees = left - size, notional + value, fees + fee
                    if not left:
                        break
                else:
                    self._send()
                    found = self._connection.execute(_BEST[side], (price, TOGETHER)).fetchall()
            rest = _hold(side, price, left)
            spent = order.size - left if side else notional + fees
            self._writes.append((_BALANCE, (hold - rest - spent, rest - hold, owner, asset)))
            if notional:
                got = notional - fees if side else order.size - left
                self._writes.append((_BALANCE, (got, 0, owner, 1 - asset)))
            state = (1, None) if left else (2, 1)
            self._writes.append(
                (_ORDER, (order.id, owner, side, price, order.size, order.size - left, notional,
                          fees, rest, *state))
            )  # fmt: skip
            self._send()

    def cancel(self, order_id: int) -> None:
        """Cancel an order that rests."""
        with self._connection.transaction():
            with self._connection.pipeline():
                self._connection.execute(_MARKET)
                found = self._connection.execute(_OPEN, (order_id,))
            row = found.fetchone()
            assert row is not None, "the flow cancels live orders"
            owner, side, hold = row
            asset = BASE if side else QUOTE
            self._writes += [
                (_BALANCE, (hold, -hold, owner, asset)),
                (_LESS, (0, 0, 0, hold, 2, 2, order_id)),
            ]
            self._send()

    def _trade(self, taker: Place, maker: Sequence[int], size: int) -> tuple[int, int]:
        """Note one trade. Returns its value and the taker's fee."""
        self.fills += 1
        fill = FILLS_FROM + self.fills
        id_, owner, price, remaining = maker
        buyer, seller = (owner, taker.owner) if taker.side else (taker.owner, owner)
        value = price * size // 10**6
        fee, maker_fee = value * TAKER_BPS // 10**4, value * MAKER_BPS // 10**4
        maker_asset = QUOTE if taker.side else BASE
        released = _hold(1 - taker.side, price, remaining)
        released -= _hold(1 - taker.side, price, remaining - size)
        given = value + maker_fee if taker.side else size
        got = size if taker.side else value - maker_fee
        state = (1, None) if size < remaining else (2, 1)
        self._writes += [
            (_LESS, (size, value, maker_fee, released, *state, id_)),
            (_BALANCE, (released - given, -released, owner, maker_asset)),
            (_BALANCE, (got, 0, owner, 1 - maker_asset)),
            (_BALANCE, (fee + maker_fee, 0, FEES, QUOTE)),
            (_FILL, (fill, id_, taker.id, owner, taker.owner, taker.side, price, size, value,
                     maker_fee, fee)),
            (_TRANSFER, (_wallet(seller, BASE), _wallet(buyer, BASE), size, 1, fill)),
            (_TRANSFER, (_wallet(buyer, QUOTE), _wallet(seller, QUOTE), value, 1, fill)),
        ]  # fmt: skip
        for payer, amount in ((taker.owner, fee), (owner, maker_fee)):
            if amount:
                legs = (_wallet(payer, QUOTE), _wallet(FEES, QUOTE), amount, 2, fill)
                self._writes.append((_TRANSFER, legs))
        return value, fee

    def _send(self) -> None:
        with self._connection.pipeline():
            for statement, values in self._writes:
                self._connection.execute(statement, values)
        self._writes.clear()


def request_rate(connection: Connection, flow: Sequence[Place | Cancel], totals: Totals) -> float:
    """Commands a second of one client, each matched in its own transaction and committed."""
    for statement in filter(str.strip, _TABLES.split(";\n")):
        connection.execute(statement)
    connection.execute(_FUND, (2 * USERS,))
    connection.execute("ANALYZE")
    requests = Requests(connection)
    started_s = time.perf_counter()
    for command in flow:
        if isinstance(command, Cancel):
            requests.cancel(command.id)
        else:
            requests.place(command)
    elapsed_s = time.perf_counter() - started_s
    assert requests.fills == totals.fills, requests.fills
    return len(flow) / elapsed_s


def _hold(side: int, price: int, size: int) -> int:
    if side:
        return size
    value = price * size // 10**6
    return value + value * TAKER_BPS // 10**4


def _wallet(owner: int, asset: int) -> int:
    return owner * 2 + asset

"""The four tables that a batch adds rows to, and the two ways to hand them over.

COPY is the cheapest for many rows and asks the server twice; for a few dozen it is cheaper to say
them along with all else, as an array of records of a type that has the table's columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final


@dataclass(frozen=True, eq=False)
class Table:
    """A table with the columns that rows of `rows` have, in their order, each with its type.

    `record` is the composite type of such rows.
    """

    name: str
    record: str
    columns: dict[str, str]

    @cached_property
    def copy(self) -> str:
        return f"COPY {self.name} ({', '.join(self.columns)}) FROM STDIN (FORMAT binary)"

    @cached_property
    def insert(self) -> str:
        """Adds the records of the one array that it is given."""
        columns = ", ".join(self.columns)
        return f"""
INSERT INTO {self.name} ({columns}) SELECT {columns} FROM unnest(%s::{self.record}[])
"""  # noqa: S608


ORDERS: Final = Table(
    "orderbook_order",
    "engine_order",
    {
        "id": "bigint", "product_id": "bigint", "owner_id": "bigint", "side": "smallint",
        "order_type": "smallint", "time_in_force": "smallint", "post_only": "boolean",
        "self_trade": "smallint", "maker_bps": "smallint", "taker_bps": "smallint",
        "filled_size": "bigint", "filled_notional": "bigint", "fees": "bigint", "hold": "bigint",
        "priority": "bigint", "status": "smallint", "created_at": "timestamptz",
        "parked": "boolean", "hidden": "bigint", "price": "bigint", "size": "bigint",
        "funds": "bigint", "done_reason": "smallint", "done_at": "timestamptz",
        "client_oid": "text", "entity_id": "bigint", "stop": "smallint", "stop_price": "bigint",
        "expires_at": "timestamptz", "display_size": "bigint", "slippage_bps": "smallint",
    },
)  # fmt: skip
FILLS: Final = Table(
    "orderbook_fill",
    "engine_fill",
    {
        "id": "bigint", "product_id": "bigint", "maker_order_id": "bigint",
        "taker_order_id": "bigint", "maker_owner_id": "bigint", "taker_owner_id": "bigint",
        "taker_side": "smallint", "price": "bigint", "size": "bigint", "notional": "bigint",
        "maker_fee": "bigint", "taker_fee": "bigint", "created_at": "timestamptz",
    },
)  # fmt: skip
TRANSFERS: Final = Table(
    "accounts_transfer",
    "engine_transfer",
    {
        "from_balance_id": "bigint", "to_balance_id": "bigint", "amount": "bigint",
        "kind": "smallint", "reference": "bigint", "batch": "bigint", "id": "bigint",
    },
)  # fmt: skip
EVENTS: Final = Table(
    "orderbook_event",
    "engine_event",
    {
        "id": "bigint", "command_id": "bigint", "sequence": "bigint", "body": "text",
        "hash": "bytea",
    },
)  # fmt: skip

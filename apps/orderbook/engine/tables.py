"""The four tables that a batch adds rows to, and the two ways to hand them over.

COPY is the cheapest for many rows and asks the server twice; for a few dozen it is cheaper to say
them along with all else, as one text that the server takes apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

# A cell's only escapes are those of backslashes: client order ids have none, and JSON has its own
# for everything that would end a cell or a row.
_UNESCAPED: Final = ("text", "bytea")


@dataclass(frozen=True, eq=False)
class Table:
    """A table with the columns that rows of `rows` have, in their order, each with its type."""

    name: str
    columns: dict[str, str]

    @cached_property
    def copy(self) -> str:
        return f"COPY {self.name} ({', '.join(self.columns)}) FROM STDIN"

    @cached_property
    def insert(self) -> str:
        """Adds the rows of the one text that it is given."""
        cells = (
            rf"replace(cell[{n}], '\\', '\')::{type_}" if type_ in _UNESCAPED else
            f"cell[{n}]::{type_}"
            for n, type_ in enumerate(self.columns.values(), 1)
        )  # fmt: skip
        # OFFSET 0: or each cell would take its row apart anew.
        return rf"""
INSERT INTO {self.name} ({", ".join(self.columns)}) SELECT {", ".join(cells)} FROM (
    SELECT string_to_array(line, E'\t', '\N') AS cell FROM string_to_table(%s, E'\n') AS line
    OFFSET 0
) taken_apart
"""  # noqa: S608


ORDERS: Final = Table(
    "orderbook_order",
    {
        "id": "bigint", "product_id": "bigint", "owner_id": "bigint", "client_oid": "text",
        "side": "smallint", "order_type": "smallint", "price": "bigint", "size": "bigint",
        "funds": "bigint", "time_in_force": "smallint", "post_only": "boolean",
        "self_trade": "smallint", "maker_bps": "smallint", "taker_bps": "smallint",
        "filled_size": "bigint", "filled_notional": "bigint", "fees": "bigint", "hold": "bigint",
        "priority": "bigint", "status": "smallint", "done_reason": "smallint",
        "created_at": "timestamptz", "done_at": "timestamptz", "entity_id": "bigint",
        "stop": "smallint", "stop_price": "bigint", "expires_at": "timestamptz",
        "parked": "boolean", "display_size": "bigint", "slippage_bps": "smallint",
        "hidden": "bigint",
    },
)  # fmt: skip
FILLS: Final = Table(
    "orderbook_fill",
    {
        "id": "bigint", "product_id": "bigint", "maker_order_id": "bigint",
        "taker_order_id": "bigint", "maker_owner_id": "bigint", "taker_owner_id": "bigint",
        "taker_side": "smallint", "price": "bigint", "size": "bigint", "notional": "bigint",
        "maker_fee": "bigint", "taker_fee": "bigint", "created_at": "timestamptz",
    },
)  # fmt: skip
TRANSFERS: Final = Table(
    "accounts_transfer",
    {
        "from_balance_id": "bigint", "to_balance_id": "bigint", "amount": "bigint",
        "kind": "smallint", "reference": "bigint", "batch": "bigint",
    },
)  # fmt: skip
EVENTS: Final = Table(
    "orderbook_event",
    {
        "id": "bigint", "command_id": "bigint", "sequence": "bigint", "body": "text",
        "hash": "bytea",
    },
)  # fmt: skip

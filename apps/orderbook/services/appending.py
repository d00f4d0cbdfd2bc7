"""Writing commands into the journal: their commit accepts them.

One command takes one statement. Many take two, however many they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection, transaction

from apps.orderbook.models import Command
from apps.orderbook.services.doorbell import doorbell_ring

# The owner for whom a person counts in self-trade prevention: the organisation that they joined
# first. It stays with the order: joining or leaving changes only later ones.
ENTITY: Final = """(
    SELECT company.id FROM accounts_owner person
    JOIN accounts_membership member ON member.user_id = person.user_id
    JOIN accounts_owner company ON company.organisation_id = member.organisation_id
    WHERE person.id = %(owner_id)s ORDER BY member.created_at, member.id LIMIT 1
)"""

_PLAIN: Final = (
    "product_id", "kind", "owner_id", "user_id", "client_oid", "side", "order_type", "price",
    "size", "funds", "time_in_force", "post_only", "self_trade", "stop", "stop_price",
    "expires_at", "display_size", "slippage_bps", "timeout_s", "rules", "target",
)  # fmt: skip
_NAMES: Final = [field.attname for field in Command._meta.concrete_fields]
_COLUMNS: Final = f"id, entity_id, {', '.join(_PLAIN)}"
# A client order id that was used before, be it a moment ago by a request still under way, yields
# no row.
_TAKEN: Final = "ON CONFLICT (owner_id, client_oid) WHERE client_oid IS NOT NULL DO NOTHING"

# One round trip: the number comes from the product's own sequence.
_INSERT: Final = f"""
INSERT INTO orderbook_command ({_COLUMNS})
VALUES (orderbook_command_id(%(product_id)s), {ENTITY}, {", ".join(f"%({c})s" for c in _PLAIN)})
{_TAKEN} RETURNING id, entity_id, created_at
"""  # noqa: S608

_NUMBERS: Final = f"""
SELECT orderbook_command_id(product), {ENTITY}
FROM unnest(%(products)s::bigint[]) WITH ORDINALITY AS wanted (product, turn)
"""  # noqa: S608
_INSERT_MANY: Final = f"INSERT INTO orderbook_command ({_COLUMNS}) VALUES "  # noqa: S608
_ONE_OF_MANY: Final = f"({', '.join(['%s'] * (len(_PLAIN) + 2))})"


def command_make(**fields: Any) -> Command:
    """A command that is not written yet, by the names of its columns.

    As the ORM makes what it has read: its constructor takes longer than all the checks of an order.
    """
    command = Command.from_db(DEFAULT_DB_ALIAS, _NAMES, [fields.get(name) for name in _NAMES])
    command._state.adding = True
    return command


def command_append(command: Command) -> bool:
    """Writes the command and gives it its id. False when its client order id was used before."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, vars(command))
        row = cursor.fetchone()
    if row is None:
        return False
    command.id, command.entity_id, command.created_at = row
    command._state.adding = False
    transaction.on_commit(partial(doorbell_ring, product_id=command.product_id))
    return True


def commands_append(commands: Sequence[Command]) -> list[bool]:
    """The same for many of one owner, in their order. Inside a transaction."""
    assert connection.in_atomic_block
    if len(commands) < 2:
        return [command_append(command) for command in commands]
    products = [command.product_id for command in commands]
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS, {"products": products, "owner_id": commands[0].owner_id})
        for command, (number, entity) in zip(commands, cursor.fetchall(), strict=True):
            command.id, command.entity_id = number, entity
        rows = ", ".join([_ONE_OF_MANY] * len(commands))
        cursor.execute(
            f"{_INSERT_MANY} {rows} {_TAKEN} RETURNING id, created_at",
            [
                getattr(command, name)
                for command in commands
                for name in ("id", "entity_id", *_PLAIN)
            ],
        )
        written = dict(cursor.fetchall())
    for command in commands:
        if (created_at := written.get(command.id)) is not None:
            command.created_at = created_at
            command._state.adding = False
    for product in set(products):
        transaction.on_commit(partial(doorbell_ring, product_id=product))
    return [command.id in written for command in commands]

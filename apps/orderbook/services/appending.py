"""Writing commands into the journal: their commit accepts them.

One statement writes many, those of all requests that come at the same moment. None of them may
keep the others waiting: where one has to wait, each is written by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, Final

import psycopg
from django.db import transaction

from apps.accounts.carrying import carrier_current
from apps.accounts.rows import array, instance_of, rows_of
from apps.accounts.together import Together
from apps.orderbook.models import Command, Product
from apps.orderbook.services.doorbell import doorbell_ring

# The owner for whom an owner counts in self-trade prevention: for a sub-account the main one, for a
# person that of the organisation that they joined first. It stays with the order: joining or
# leaving changes only later ones. One look after the other, whatever the planner knows of tables.
ENTITY: Final = """(
    SELECT coalesce(mine.parent_id, (
        SELECT company.id FROM accounts_owner company
        WHERE company.parent_id IS NULL AND company.organisation_id = (
            SELECT member.organisation_id FROM accounts_membership member
            WHERE member.user_id = mine.user_id ORDER BY member.created_at, member.id LIMIT 1
        )
    )) FROM accounts_owner mine WHERE mine.id = wanted.owner_id
)"""

_USUAL: Final = {
    "product_id": "bigint",
    "kind": "smallint",
    "owner_id": "bigint",
    "user_id": "bigint",
    "client_oid": "text",
    "side": "smallint",
    "order_type": "smallint",
    "price": "bigint",
    "size": "bigint",
    "time_in_force": "smallint",
    "post_only": "boolean",
    "self_trade": "smallint",
    "target": "bigint",
}
# What few commands ask for.
_RARE: Final = {
    "funds": "bigint",
    "stop": "smallint",
    "stop_price": "bigint",
    "expires_at": "timestamptz",
    "display_size": "bigint",
    "slippage_bps": "smallint",
    "timeout_s": "integer",
    "rules": "text",
}
_rare_of: Final = itemgetter(*_RARE)
_NOTHING_RARE: Final = (None,) * len(_RARE)
_NOTHING: Final = {field.attname: None for field in Command._meta.concrete_fields}


class Appending:
    """The statement that writes commands which have these columns, given as one array each.

    The numbers come from the products' own sequences, in the order asked. A client order id that
    was used before, be it a moment ago by a request still under way, leaves its row out. Rows go in
    by client order id: of two statements that share some, one has them all first.
    """

    def __init__(self, types: Mapping[str, str]) -> None:
        names = ", ".join(types)
        arrays = ", ".join(f"%({name})s::{type_}[]" for name, type_ in types.items())
        self._types = types
        self._columns_of = itemgetter(*types)
        self.query = f"""
WITH numbered AS MATERIALIZED (
    SELECT orderbook_command_id(product_id) AS id, {ENTITY} AS entity_id, wanted.*
    FROM unnest({arrays}) WITH ORDINALITY AS wanted ({names}, turn)
    WHERE %(patience)s::text = '' OR set_config('lock_timeout', %(patience)s, true) <> ''
), written AS (
    INSERT INTO orderbook_command (id, entity_id, {names})
    SELECT id, entity_id, {names} FROM numbered ORDER BY owner_id, client_oid, turn
    ON CONFLICT (owner_id, client_oid) WHERE client_oid IS NOT NULL DO NOTHING
    RETURNING id, created_at
)
SELECT numbered.id, entity_id, created_at::text
FROM numbered LEFT JOIN written ON written.id = numbered.id ORDER BY turn
"""  # noqa: S608

    def arrays(self, commands: Sequence[Command]) -> dict[str, str]:
        columns = zip(*[self._columns_of(vars(command)) for command in commands], strict=True)
        return dict(zip(self._types, map(array, columns), strict=True))


USUAL: Final = Appending(_USUAL)
WHOLE: Final = Appending({**_USUAL, **_RARE})

# How long a statement for all may wait for a client order id that somebody else is writing. Who is
# alone with it waits until it is written.
PATIENCE: Final = "100ms"
AS_EVER: Final = ""
# PostgreSQL has carried out nothing of the statement.
_NOTHING_DONE: Final = (
    psycopg.errors.LockNotAvailable, psycopg.IntegrityError, psycopg.DataError,
)  # fmt: skip


def command_make(**fields: Any) -> Command:
    """A command that is not written yet, by the names of its columns.

    The model's constructor would take longer than all the checks of an order.
    """
    command = instance_of(Command, {**_NOTHING, **fields})
    command._state.adding = True
    return command


def commands_of(product: Product, **fields: Any) -> Callable[..., Command]:
    """The same for many that have these fields in common: what makes one of those it has of its
    own."""
    shared = {**_NOTHING, "product_id": product.pk, **fields}

    def make(**own: Any) -> Command:
        command = instance_of(Command, {**shared, **own})
        command._state.adding, command._state.fields_cache = True, {"product": product}
        return command

    return make


def command_append(command: Command) -> bool:
    """Writes the command and gives it its id. False when its client order id was used before."""
    return commands_append([command])[0]


def commands_append(commands: Sequence[Command]) -> list[bool]:
    """The same for many, in their order and with one commit."""
    return _commands.ask(commands)


def _append(asked: Sequence[Sequence[Command]], patience: str = PATIENCE) -> list[list[bool]]:
    commands = [command for some in asked for command in some]
    rows = iter(_appended(commands, patience) if commands else ())
    written = [[_is_written(command, next(rows)) for command in some] for some in asked]
    for product in {command.product_id for command in commands}:
        ring = partial(doorbell_ring, product_id=product)
        if carrier_current() is None:
            transaction.on_commit(ring)
        else:
            ring()
    return written


def _appended(commands: Sequence[Command], patience: str) -> list[tuple[Any, ...]]:
    is_usual = all(_rare_of(vars(command)) == _NOTHING_RARE for command in commands)
    appending = USUAL if is_usual else WHOLE
    return rows_of(appending.query, {**appending.arrays(commands), "patience": patience})


def _append_alone(commands: Sequence[Command]) -> list[bool]:
    return _append([commands], AS_EVER)[0]


def _is_written(command: Command, row: tuple[int, int | None, str | None]) -> bool:
    id_, entity_id, created_at = row
    if created_at is None:
        return False
    command.id, command.entity_id, command.created_at = id_, entity_id, _moment(created_at)
    command._state.adding, command.is_fresh = False, True
    return True


# All that one statement writes have the same.
_moment: Final = lru_cache(maxsize=16)(datetime.fromisoformat)


def _is_undone(error: Exception) -> bool:
    return isinstance(error.__cause__, _NOTHING_DONE)


_commands: Final = Together(_append, alone=_append_alone, is_undone=_is_undone, writes=True)

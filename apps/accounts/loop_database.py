"""PostgreSQL, asked in the event loop's thread by what is carried there.

A thread that asks for carried requests has to be woken, and to get the interpreter to itself,
before it asks and again when it has heard: that takes longer than asking. Here the loop goes on
with others meanwhile. Each connection answers one question at a time, outside of any transaction;
there are as many as were ever needed at the same moment, which is one for each kind of question.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from apps.accounts.carrying import Pause, aside, carrier_current

Rows = list[tuple[Any, ...]]
Parameters = Sequence[str] | Mapping[str, str]

_PLACE: Final = re.compile(r"%(?:\((\w+)\)s|(s)|(%))")
_TOLD: Final = ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK


def loop_rows(query: str, parameters: Parameters) -> Rows:
    """What a query answers, whose parameters are texts. Called by what is carried."""
    asked = _free_connection()
    try:
        with connection.wrap_database_errors:
            return asked.rows(query, parameters)
    finally:
        asked.is_used = False


class LoopConnection:
    """A connection that the running loop looks after. Not for use by two at the same time."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        # By whoever it was made for.
        self.is_used = True
        self._raw = raw
        self._pgconn = raw.pgconn
        self._pgconn.nonblocking = 1
        # Once it is lost, nobody says any more which it was.
        self._socket: Final = self._pgconn.socket
        self._names: dict[str, bytes] = {}
        self._numbers = count(1)
        self._pause: Pause | None = None
        self._error: psycopg.Error | None = None
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    @property
    def is_lost(self) -> bool:
        """Has it failed? Whoever was about to ask takes another."""
        return self._error is not None

    def rows(self, query: str, parameters: Parameters) -> Rows:
        """Raises psycopg's errors. When the server did not come to an end it is lost, too: the
        next would find it half way."""
        try:
            result = self._result_of(query, parameters)
        except psycopg.Error as error:
            self.lose(error)
            raise
        if result.status not in _TOLD:
            raise errors.error_from_result(result)
        if not result.ntuples:
            return []
        transformer = Transformer(self._raw)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)

    def lose(self, error: psycopg.Error) -> None:
        """It is closed, and whoever waits hears why."""
        if self._error is None:
            self._error = error
            asyncio.get_running_loop().remove_reader(self._socket)
            self.close()
        if self._pause is not None:
            self._pause.end()

    def close(self) -> None:
        self._raw.close()

    def _result_of(self, query: str, parameters: Parameters) -> PGresult:
        if self._error is not None:
            raise self._error
        form = _form(query)
        name = self._names.get(query)
        if name is None:
            name = f"loop_{next(self._numbers)}".encode()
            self._pgconn.send_prepare(name, form.text)
            prepared = self._heard()
            if prepared.status not in _TOLD:
                return prepared
            self._names[query] = name
        self._pgconn.send_query_prepared(name, form.values(parameters))
        return self._heard()

    def _heard(self) -> PGresult:
        """The answer, once all of it is there."""
        while self._pgconn.flush():
            self._wait_to_write()
        found: PGresult | None = None
        while (result := self._next_result()) is not None:
            found = result
        if found is None:
            raise psycopg.OperationalError("the connection is lost")
        return found

    def _next_result(self) -> PGresult | None:
        while self._pgconn.is_busy():
            self._wait()
        return self._pgconn.get_result()

    def _wait_to_write(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_writer(self._socket, self._go_on)
        try:
            self._wait()
        finally:
            loop.remove_writer(self._socket)

    def _wait(self) -> None:
        carrier = carrier_current()
        assert carrier is not None, "only what is carried waits in the loop"
        self._pause = Pause(carrier)
        try:
            self._pause.wait()
        finally:
            self._pause = None
        if self._error is not None:
            raise self._error

    def _go_on(self) -> None:
        if self._pause is not None:
            self._pause.end()

    def _readable(self) -> None:
        """The server has said something, or has gone."""
        try:
            self._pgconn.consume_input()
        except psycopg.Error as error:
            self.lose(error)
            return
        if not self._pgconn.is_busy():
            self._go_on()


class _Form:
    """A query as PostgreSQL's protocol has it: `$1` for its first parameter."""

    def __init__(self, query: str) -> None:
        names: list[str | int] = []

        def numbered(place: re.Match[str]) -> str:
            name, _, percent = place.groups()
            if percent:
                return "%"
            if name is None or name not in names:
                names.append(name if name is not None else len(names))
            return f"${names.index(name) + 1 if name is not None else len(names)}"

        self.text = _PLACE.sub(numbered, query).encode()
        self._names: Final[Sequence[Any]] = names

    def values(self, parameters: Parameters) -> list[bytes | None]:
        """The parameters in their order."""
        of: Callable[[Any], str] = parameters.__getitem__
        return [of(name).encode() for name in self._names]


_form: Final = cache(_Form)
_of_loops: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, list[LoopConnection]]] = (
    WeakKeyDictionary()
)


def _free_connection() -> LoopConnection:
    """One that nobody uses, of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _of_loops:
        loop_connections_close()
    ours = _of_loops.setdefault(loop, [])
    ours[:] = [one for one in ours if not one.is_lost]
    for one in ours:
        if not one.is_used:
            one.is_used = True
            return one
    made = LoopConnection(aside(_connect))
    ours.append(made)
    return made


def loop_connections_close() -> None:
    """Closes those of loops that have ended. A process has one loop, as a rule; tests have many."""
    for loop in [loop for loop in _of_loops if loop.is_closed()]:
        for one in _of_loops.pop(loop):
            one.close()


def _connect() -> psycopg.Connection[Any]:
    """A connection as Django makes it, of no pool."""
    wrapper = connection.copy()
    wrapper.settings_dict["OPTIONS"].pop("pool", None)
    wrapper.connect()
    raw: psycopg.Connection[Any] = wrapper.connection
    wrapper.connection = None
    return raw

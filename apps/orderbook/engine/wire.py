"""Statements that go to the server together and are answered together, in one round trip.

A cursor of psycopg and its pipeline cost fifty to a hundred microseconds of Python a statement, for
adaption that an engine does not need: its arguments are numbers and texts. So this speaks to the
same connection through `psycopg.pq`. What is copied, and what is asked once in a while, goes
through psycopg as ever.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from itertools import count
from typing import Any, Final, TypeAlias

from psycopg import OperationalError, errors
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from apps.orderbook.engine.session import Connection

Value: TypeAlias = str | int | bool | bytes | None

_TOLD: Final = ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK


class Answer:
    """What a statement comes to: its `rows`, once it was heard."""

    __slots__ = ("rows",)

    rows: list[tuple[Any, ...]]

    @property
    def row(self) -> tuple[Any, ...]:
        """The single row of a query that always has one."""
        (row,) = self.rows
        return row


class Wire:
    """A connection's statements, each prepared with its first use.

    Outside of a transaction all that is heard together is one. Use it from one thread.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        # After a rollback psycopg has the server forget all that is prepared, if it prepared any.
        connection.prepare_threshold = None
        self._pgconn = connection.pgconn
        self._names: dict[str, bytes] = {}
        self._numbers = count(1)
        self._unprepared: list[str] = []
        self._said: list[tuple[str, list[bytes | None], Answer]] = []

    def say(self, statement: str, values: Sequence[Value] = ()) -> Answer:
        """Add a statement, with `%s` for each value, to what is heard next."""
        if statement not in self._names:
            self._names[statement] = f"wire_{next(self._numbers)}".encode()
            self._unprepared.append(statement)
        answer = Answer()
        self._said.append((statement, [_text(value) for value in values], answer))
        return answer

    def hear(self) -> None:
        """Send what was said, and wait for all the answers. Raises the first error: what came after
        it was not carried out."""
        said, self._said = self._said, []
        unprepared, self._unprepared = self._unprepared, []
        self._pgconn.enter_pipeline_mode()
        error = None
        try:
            self._send(said, unprepared)
            error = self._listen(said, len(unprepared))
            self._pgconn.exit_pipeline_mode()
        finally:
            if error:
                # Which of them the server has prepared is not looked at: they get other names.
                for statement in unprepared:
                    del self._names[statement]
        if error:
            raise error

    def _send(
        self, said: list[tuple[str, list[bytes | None], Answer]], unprepared: list[str]
    ) -> None:
        pgconn, names = self._pgconn, self._names
        for statement in unprepared:
            pgconn.send_prepare(names[statement], _numbered(statement))
        for statement, values, _ in said:
            pgconn.send_query_prepared(names[statement], values)
        pgconn.pipeline_sync()
        while pgconn.flush():
            self._wait(select.POLLIN | select.POLLOUT)
            pgconn.consume_input()

    def _listen(
        self, said: list[tuple[str, list[bytes | None], Answer]], prepared: int
    ) -> Exception | None:
        error: Exception | None = None
        for number in range(-prepared, len(said)):
            result = self._result()
            if result is None:
                raise error or OperationalError("the connection is lost")
            if result.status in _TOLD:
                if number >= 0:
                    said[number][2].rows = self._rows(result)
            elif error is None:
                error = errors.error_from_result(result)
            assert self._result() is None, "a statement has one result"
        synced = self._result()
        if synced is None:
            raise error or OperationalError("the connection is lost")
        assert synced.status == ExecStatus.PIPELINE_SYNC
        return error

    def _rows(self, result: PGresult) -> list[tuple[Any, ...]]:
        if not result.ntuples:
            return []
        transformer = Transformer(self.connection)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)

    def _result(self) -> PGresult | None:
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _wait(self, events: int) -> None:
        poll = select.poll()
        poll.register(self._pgconn.socket, events)
        poll.poll()


def _numbered(statement: str) -> bytes:
    """The statement as PostgreSQL's protocol has it: `$1` for the first `%s`."""
    first, *parts = statement.split("%s")
    numbered = first + "".join(f"${number}{part}" for number, part in enumerate(parts, 1))
    return numbered.replace("%%", "%").encode()


def _text(value: Value) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if value is None:
        return None
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    return str(value).encode()

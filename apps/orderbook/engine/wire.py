"""Statements that go to the server together and are answered together, in one round trip.

A cursor of psycopg and its pipeline cost fifty to a hundred microseconds of Python a statement, for
adaption that an engine does not need: its arguments are numbers and texts. So this speaks to the
same connection through `psycopg.pq`. What is copied, and what is asked once in a while, goes
through psycopg as ever.
"""

from __future__ import annotations

import select
from collections import deque
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
        self._under_way: deque[Answer] = deque()

    def say(self, statement: str, values: Sequence[Value] = ()) -> Answer:
        """Add a statement, with `%s` for each value, to what is heard next."""
        if statement not in self._names:
            self._names[statement] = f"wire_{next(self._numbers)}".encode()
            self._unprepared.append(statement)
        answer = Answer()
        self._said.append((statement, [_text(value) for value in values], answer))
        return answer

    def hear(self, first: Answer | None = None) -> None:
        """Send what was said, and wait for all the answers. Raises the first error: what came after
        it was not carried out.

        With `first` it waits for no more than that answer, while the server carries on: hear the
        rest before anything else is said.
        """
        if not self._under_way:
            self._send(first)
        while self._under_way:
            answer = self._under_way.popleft()
            if error := self._listen(answer):
                self._give_up()
                raise error
            if answer is first:
                return
        self._finish()
        self._unprepared.clear()

    def _send(self, first: Answer | None) -> None:
        pgconn, names = self._pgconn, self._names
        pgconn.enter_pipeline_mode()
        for statement in self._unprepared:
            pgconn.send_prepare(names[statement], _numbered(statement))
            self._under_way.append(Answer())
        for statement, values, answer in self._said:
            pgconn.send_query_prepared(names[statement], values)
            self._under_way.append(answer)
            if answer is first:
                pgconn.send_flush_request()
        self._said.clear()
        pgconn.pipeline_sync()
        while pgconn.flush():
            self._wait(select.POLLIN | select.POLLOUT)
            pgconn.consume_input()

    def _listen(self, answer: Answer) -> Exception | None:
        result = self._result()
        if result.status not in _TOLD:
            error = errors.error_from_result(result)
        else:
            error, answer.rows = None, self._rows(result)
        assert self._pgconn.get_result() is None, "a statement has one result"
        return error

    def _give_up(self) -> None:
        """Pass over what was not carried out."""
        while self._under_way:
            self._under_way.popleft()
            self._result()
            self._pgconn.get_result()
        self._finish()
        # Which of them the server has prepared is not looked at: they get other names.
        while self._unprepared:
            del self._names[self._unprepared.pop()]

    def _finish(self) -> None:
        synced = self._result()
        assert synced.status == ExecStatus.PIPELINE_SYNC
        self._pgconn.exit_pipeline_mode()

    def _rows(self, result: PGresult) -> list[tuple[Any, ...]]:
        if not result.ntuples:
            return []
        transformer = Transformer(self.connection)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)

    def _result(self) -> PGresult:
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
            self._pgconn.consume_input()
        result = self._pgconn.get_result()
        if result is None:
            raise OperationalError("the connection is lost")
        return result

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

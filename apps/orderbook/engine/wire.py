"""Statements that go to the server together and are answered together, in one round trip.

A cursor of psycopg and its pipeline cost fifty to a hundred microseconds of Python a statement, for
adaption that an engine does not need: its arguments are numbers and texts, and bytes that are sent
as they are. So this speaks to the same connection through `psycopg.pq`. What is copied, and what is
asked once in a while, goes through psycopg as ever.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import Any, Final, TypeAlias

from psycopg import OperationalError, errors
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from apps.orderbook.engine.session import Connection, one

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
        self._said: list[tuple[str, list[bytes | None], list[Format] | None, Answer]] = []
        self._type_numbers: dict[str, int] = {}
        self._under_way: deque[Answer] = deque()

    def say(self, statement: str, values: Sequence[Value] = ()) -> Answer:
        """Add a statement, with `%s` for each value, to what is heard next."""
        if statement not in self._names:
            self._names[statement] = f"wire_{next(self._numbers)}".encode()
            self._unprepared.append(statement)
        answer = Answer()
        formats = [_format(value) for value in values] if _has_bytes(values) else None
        self._said.append((statement, [_text(value) for value in values], formats, answer))
        return answer

    def number_of(self, type_: str) -> int:
        """The number that the server has for a type, which it wants to be told in arrays of it.
        Asked once."""
        if type_ not in self._type_numbers:
            (number,) = one(self.connection.execute("SELECT %s::regtype::oid::bigint", (type_,)))
            self._type_numbers[type_] = number
        return self._type_numbers[type_]

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
        for statement, values, formats, answer in self._said:
            pgconn.send_query_prepared(names[statement], values, formats, Format.BINARY)
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
        return value
    return str(value).encode()


def _has_bytes(values: Sequence[Value]) -> bool:
    return any(isinstance(value, bytes) for value in values)


def _format(value: Value) -> Format:
    return Format.BINARY if isinstance(value, bytes) else Format.TEXT

"""PostgreSQL and Redis asked in an event loop, by what is carried there."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import DataError, OperationalError, connection

from apps.accounts.carrying import carry
from apps.accounts.loop_database import loop_connections_close
from apps.accounts.loop_redis import is_speakable, loop_redis_ask, loop_redis_tell
from apps.accounts.redis_try import RedisAway, redis_ask
from apps.accounts.rows import array, rows_of
from tests.support.redis_away import redis_away

__all__ = ["redis_away"]

PLENTY_S = 20.0
WHO = "SELECT pg_backend_pid()"


def carried(*works: Callable[[], Any]) -> list[Any]:
    """What they return or raise, carried in one loop at the same time."""

    async def run() -> list[Any]:
        return await asyncio.gather(*map(carry, works), return_exceptions=True)

    # In a thread of its own: Playwright keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: asyncio.run(run())).result()
    loop_connections_close()
    return found


@pytest.mark.django_db(transaction=True)
def test_the_database_answers_in_a_loop_as_in_a_thread() -> None:
    queries: list[tuple[str, Any]] = [
        ("SELECT %s::int + 1, 5 %% 3, %s::text", ["1", "a'b\\%s"]),
        (
            "SELECT %(b)s::text, unnest(%(a)s::text[]), now() > %(b)s::timestamptz",
            {"a": array(["x", None, 'y"\\']), "b": "2020-01-01"},
        ),
        ("SELECT 1 WHERE false", []),
        ("SELECT repeat('x', 1000000), length(%s::text)", ["é" * 3_000_000]),
    ]
    answers = carried(*(lambda asked=asked: rows_of(*asked) for asked in queries))
    assert answers == [rows_of(*asked) for asked in queries]
    assert answers[1][0][2] is True


@pytest.mark.django_db(transaction=True)
def test_an_error_is_told_as_django_does_and_the_connection_goes_on() -> None:
    def work() -> Any:
        ((first,),) = rows_of(WHO, [])
        with pytest.raises(DataError):
            rows_of("SELECT 1 / %s::int", ["0"])
        with pytest.raises(DataError):
            rows_of("SELECT 1 / %s::int", ["0"])
        return rows_of(WHO, []) == [(first,)]

    assert carried(work) == [True]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_ended_is_made_anew() -> None:
    def work() -> Any:
        ((first,),) = rows_of(WHO, [])
        with pytest.raises(OperationalError):
            rows_of("SELECT pg_terminate_backend(%s::int), pg_sleep(30)", [str(first)])
        ((second,),) = rows_of(WHO, [])
        return first != second

    assert carried(work) == [True]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_redis_answers_in_the_order_of_the_questions() -> None:
    url = settings.REDIS_URL

    def work() -> Any:
        name = f"test:{uuid.uuid4().hex}"
        loop_redis_tell(url, ("SET", name, 7), PLENTY_S)
        with pytest.raises(redis.ResponseError):
            loop_redis_ask(url, [("LPUSH", name, 1), ("PING",)], PLENTY_S)
        return loop_redis_ask(url, [("INCR", name), ("ECHO", "é"), ("DEL", name)], PLENTY_S)

    assert carried(work, work) == [[8, "é".encode(), 1]] * 2
    many = carried(*(lambda n=n: redis_ask("ECHO", str(n)) for n in range(300)))
    assert many == [str(n).encode() for n in range(300)]


def test_redis_that_is_away_is_told_as_such(redis_away: None) -> None:
    (away,) = carried(lambda: redis_ask("PING"))
    assert isinstance(away, RedisAway)


def test_a_server_of_another_kind_is_asked_by_the_usual_client() -> None:
    assert is_speakable("redis://:word@example.test:1/3")
    assert is_speakable("unix:///run/redis.sock?db=2")
    assert not is_speakable("rediss://example.test")
    assert not is_speakable("redis://example.test?socket_timeout=3")

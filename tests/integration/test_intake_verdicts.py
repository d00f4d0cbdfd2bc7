"""Waiting for the engine's verdict: announced, missed, early, late, and without Redis."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings
from django.db import connection

from apps.accounts.carrying import carry
from apps.orderbook.models import Event
from apps.orderbook.services import verdicts
from apps.orderbook.services.verdicts import Listener, Verdicts, verdict_wait
from tests.support.markets import event_write, limit_place, product_make, verdicts_publish

# Long enough that only a lost verdict reaches it.
PLENTY_S = 60.0
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A listener of the test's own, connected."""
    listener = Listener(settings.REDIS_URL)
    monkeypatch.setattr(verdicts, "_listener", listener)
    before = subscribers()
    listener.started()
    until(lambda: subscribers() > before)
    yield listener
    listener.stop()


@pytest.fixture
def deaf_listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A listener that Redis does not answer."""
    listener = Listener(NOWHERE)
    monkeypatch.setattr(verdicts, "_listener", listener)
    yield listener
    listener.stop()


def subscribers() -> int:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return int(client.pubsub_numsub(verdicts.CHANNEL)[0][1])


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PLENTY_S
    while not condition():
        assert time.monotonic() < end_s, "it never happened"
        time.sleep(0.01)


def in_a_moment(act: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        act()
        connection.close()

    thread = threading.Timer(0.05, run)
    thread.start()
    return thread


def carried(*works: Callable[[], object]) -> list[object]:
    """What they come to, each carried in the same event loop."""

    async def run() -> list[object]:
        return await asyncio.gather(*[carry(work) for work in works])

    # In a thread of its own: others keep a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result(PLENTY_S)


class TestWhoWaitsForWhat:
    def test_a_wait_is_over_when_all_its_commands_are_decided(self) -> None:
        register = Verdicts()
        wait = register.enter([1, 2])
        register.announce([2, 7])
        assert not wait.is_over
        register.announce([1])
        assert wait.is_over
        assert register.awaited(since_s=time.monotonic()) == []

    def test_two_requests_may_wait_for_one_command(self) -> None:
        register = Verdicts()
        waits = [register.enter([1]), register.enter([1, 2])]
        register.announce([1])
        assert [wait.is_over for wait in waits] == [True, False]

    def test_a_verdict_that_came_before_the_wait_is_not_missed(self) -> None:
        register = Verdicts()
        register.announce([1])
        assert register.enter([1]).is_over
        assert not register.enter([1, 2]).is_over

    def test_an_order_that_rests_is_remembered_as_one(self) -> None:
        register = Verdicts()
        register.announce([1, 2], [2])
        assert [register.is_resting(pk) for pk in (1, 2, 3)] == [False, True, False]

    def test_old_verdicts_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verdicts, "REMEMBER_S", 0.0)
        register = Verdicts()
        for command_id in (1, 2, 3):
            register.announce([command_id])
        assert [register.enter([pk]).is_over for pk in (1, 2, 3)] == [False, True, True]

    def test_who_is_carried_is_told_once_and_gives_up_in_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener = Listener(NOWHERE)
        monkeypatch.setattr(listener, "started", lambda: listener)
        monkeypatch.setattr(verdicts, "_listener", listener)

        def wait(command_id: int, timeout_s: float) -> Callable[[], bool]:
            return lambda: verdict_wait(command_ids=[command_id], timeout_s=timeout_s)

        def tell() -> None:
            listener.verdicts.announce([1])
            listener.verdicts.announce([1])

        def in_vain() -> tuple[bool, bool]:
            return wait(2, 0.001)(), wait(3, 0.001)()

        found = carried(wait(1, PLENTY_S), wait(1, PLENTY_S), in_vain, tell)
        assert found == [True, True, (False, False), None]
        assert listener.verdicts.awaited(since_s=time.monotonic()) == []

    def test_nothing_is_kept_of_a_wait_that_was_given_up(self) -> None:
        register = Verdicts()
        kept, left = register.enter([1]), register.enter([1, 2])
        register.leave(left)
        assert register.awaited(since_s=time.monotonic()) == [1]
        register.leave(kept)
        assert register.awaited(since_s=time.monotonic()) == []

    def test_only_who_has_waited_long_enough_is_looked_for(self) -> None:
        register = Verdicts()
        wait = register.enter([1])
        assert register.awaited(since_s=wait.since_s - 0.1) == []
        assert register.awaited(since_s=wait.since_s) == [1]


@pytest.mark.django_db(transaction=True)
class TestWaiting:
    def test_an_announced_verdict_ends_the_wait(self, listener: Listener) -> None:
        # No event is written: only the announcement can end this wait.
        command = limit_place(product_make())
        publisher = in_a_moment(lambda: verdicts_publish([command]))
        assert verdict_wait(command_ids=[command.pk], timeout_s=PLENTY_S)
        publisher.join()

    def test_a_verdict_that_was_never_announced_is_found_in_the_database(
        self, listener: Listener
    ) -> None:
        command = limit_place(product_make())
        writer = in_a_moment(lambda: event_write(command))
        assert verdict_wait(command_ids=[command.pk], timeout_s=PLENTY_S)
        writer.join()

    def test_a_verdict_is_found_without_redis(self, deaf_listener: Listener) -> None:
        command = limit_place(product_make())
        writer = in_a_moment(lambda: event_write(command))
        assert verdict_wait(command_ids=[command.pk], timeout_s=PLENTY_S)
        writer.join()

    def test_flushing_redis_and_closing_its_connections_loses_nothing(
        self, listener: Listener
    ) -> None:
        commands = [limit_place(product_make()) for _ in range(2)]

        def disaster() -> None:
            with redis.Redis.from_url(settings.REDIS_URL) as client:
                client.flushdb()
                client.client_kill_filter(_type="pubsub")
            event_write(commands[0])
            event_write(commands[1])

        writer = in_a_moment(disaster)
        waited = verdict_wait(command_ids=[pk.pk for pk in commands], timeout_s=PLENTY_S)
        writer.join()
        assert waited
        until(lambda: subscribers() > 0)

    def test_nonsense_on_the_channel_disturbs_nobody(self, listener: Listener) -> None:
        command = limit_place(product_make())

        def talk() -> None:
            with redis.Redis.from_url(settings.REDIS_URL) as client:
                for words in ("", "{", "[]", "null", '{"commands": 5}', '{"commands": ["x"]}'):
                    client.publish(verdicts.CHANNEL, words)
            verdicts_publish([command])

        talker = in_a_moment(talk)
        assert verdict_wait(command_ids=[command.pk], timeout_s=PLENTY_S)
        talker.join()

    def test_a_wait_ends_when_its_time_is_up(self, listener: Listener) -> None:
        command = limit_place(product_make())
        assert not verdict_wait(command_ids=[command.pk], timeout_s=0.2)
        assert listener.verdicts.awaited(since_s=time.monotonic()) == []

    def test_who_does_not_want_to_wait_does_not(self, listener: Listener) -> None:
        command = limit_place(product_make())
        event_write(command)
        assert not verdict_wait(command_ids=[command.pk], timeout_s=0)

    def test_a_pooled_connection_is_free_while_its_request_waits(
        self, listener: Listener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        command = limit_place(product_make())
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "pool", {})
        closed = threading.Event()
        monkeypatch.setattr(connection, "close", closed.set)
        publisher = threading.Thread(
            target=lambda: (closed.wait(PLENTY_S), verdicts_publish([command]))
        )
        publisher.start()
        assert verdict_wait(command_ids=[command.pk], timeout_s=PLENTY_S)
        publisher.join()
        assert closed.is_set()

    def test_the_listener_keeps_no_database_connection_when_nobody_waits(
        self, listener: Listener
    ) -> None:
        command = limit_place(product_make())
        event_write(command)
        before = sessions()  # a server that another test left may still hold one
        assert verdict_wait(command_ids=[command.pk], timeout_s=PLENTY_S)
        until(lambda: sessions() <= before)
        assert Event.objects.count() == 1


def sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])

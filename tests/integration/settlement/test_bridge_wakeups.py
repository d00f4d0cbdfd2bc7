"""Waking a worker: the message it gets names a task that it knows."""

from __future__ import annotations

import json

import pytest
import redis

from apps.nft.tasks import bridge_advance
from apps.nft.wakeups import intent_wake
from ccmarket.celery import app


@pytest.fixture
def queue(redis_url: str) -> redis.Redis:
    client = redis.Redis.from_url(redis_url)
    client.delete("celery")
    return client


def test_a_wakeup_names_a_task_that_workers_know(queue: redis.Redis) -> None:
    intent_wake(intent_id=7)
    message = json.loads(queue.lpop("celery"))
    assert message["headers"]["task"] == bridge_advance.name
    assert message["headers"]["argsrepr"] == "(7, 'mint')"
    assert app.tasks[message["headers"]["task"]].name == bridge_advance.name


def test_without_redis_a_wakeup_is_lost_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "send_task", _refuse)
    intent_wake(intent_id=7)


def _refuse(*_: object) -> None:
    raise ConnectionRefusedError

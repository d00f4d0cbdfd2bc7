"""Where processor time goes while something is measured: cores that each process has had.

Ours are known by their ids, PostgreSQL's by what it says of its sessions, Redis by what it says of
itself. A PostgreSQL on another machine is left out.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import psutil
import redis
from django.conf import settings
from django.db import connection

_SESSIONS: Final = """
SELECT pid, CASE backend_type WHEN 'client backend' THEN split_part(application_name, ' ', 1)
    ELSE backend_type END
FROM pg_stat_activity
"""


@dataclass(frozen=True)
class Account:
    """Seconds of processor time up to a moment, by who had them; `busy_s` is the whole machine."""

    at_s: float
    busy_s: float
    spent_s: dict[str, float]

    def since(self, before: Account) -> dict[str, float]:
        """Cores that each has had since then, the most first, and what the machine had in all."""
        took_s = self.at_s - before.at_s
        spent_s = {n: spent - before.spent_s.get(n, 0) for n, spent in self.spent_s.items()}
        most = sorted(spent_s, key=lambda name: -spent_s[name])
        cores = {name: spent_s[name] / took_s for name in most if spent_s[name] > 0}
        return {**cores, "machine": (self.busy_s - before.busy_s) / took_s}


def account(processes: Mapping[str, int]) -> Account:
    """The account up to now. `processes` are those of ours, by what to call them."""
    spent_s: defaultdict[str, float] = defaultdict(float)
    for name, pid in processes.items():
        spent_s[name] += _spent_s(pid)
    for name, seconds in _of_postgres():
        spent_s[f"postgres {name}"] += seconds
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        told = client.info("cpu")
        spent_s["redis"] += told["used_cpu_user"] + told["used_cpu_sys"]
    machine = psutil.cpu_times()
    return Account(time.monotonic(), sum(machine) - machine.idle - machine.iowait, spent_s)


def _spent_s(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def _of_postgres() -> Iterator[tuple[str, float]]:
    """What each kind of its processes has had. Those that have ended are counted together, by what
    the server's first process knows of its children."""
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
        sessions = cursor.fetchall()
    for pid, name in sessions:
        yield name, _spent_s(pid)
    try:
        one = psutil.Process(next(pid for pid, name in sessions if name == "checkpointer"))
        ended = psutil.Process(one.ppid()).cpu_times()
    except psutil.NoSuchProcess:
        return
    yield "ended", ended.children_user + ended.children_system

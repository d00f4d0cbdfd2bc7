"""Token buckets that all web processes share, in Redis.

A bucket holds `burst` tokens and gains `rate_per_s` of them each second; a request takes as many
as it costs. All that is kept is the moment at which the bucket will be full again (the generic
cell rate algorithm, ITU-T I.371), so one key of Redis and one short script decide a request.

While Redis is away each process counts by itself: limits are looser then by the number of
processes, and nobody is refused because of Redis.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final

from apps.accounts.redis_try import RedisAway, redis_ask

LOCAL_BUCKETS_MAX: Final = 10_000
SECOND_US: Final = 1_000_000

# KEYS[1]: the bucket. ARGV: microseconds per token, burst, cost. Answers with the microseconds
# until the bucket is full again, and those until the request may be repeated: 0 when it may pass.
TAKE: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local step, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local after = full_at + cost * step
local wait = after - burst * step - now
if wait > 0 then
    return {full_at - now, wait}
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1)
return {after - now, 0}
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`policy` is the kind of bucket that answers name, `name` whose it is."""

    policy: str
    name: str
    rate_per_s: int
    burst: int

    @property
    def step_us(self) -> int:
        """How long one token takes to come."""
        return max(1, SECOND_US // self.rate_per_s)

    @property
    def key(self) -> str:
        """Where Redis keeps it."""
        return f"limit:{self.policy}:{self.name}"

    def words(self, cost: int) -> tuple[int, int, int]:
        """What TAKE wants to know."""
        return self.step_us, self.burst, cost


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request found: tokens left, seconds until full, and until it may be repeated."""

    bucket: Bucket
    remaining: int
    full_in_s: int
    wait_s: float

    @property
    def is_allowed(self) -> bool:
        return self.wait_s == 0


def bucket_take(bucket: Bucket, *, cost: int = 1) -> Charge:
    """Takes `cost` tokens, or none when there are too few.

    What costs more than the bucket ever holds takes a full one: it is slow, not impossible.
    """
    return charge_of(bucket, *_take(bucket, min(cost, bucket.burst)))


def charge_of(bucket: Bucket, debt_us: int, wait_us: int) -> Charge:
    """What TAKE's answer means."""
    return Charge(
        bucket=bucket,
        remaining=max(0, bucket.burst - math.ceil(debt_us / bucket.step_us)),
        full_in_s=math.ceil(debt_us / SECOND_US),
        wait_s=wait_us / SECOND_US,
    )


def _take(bucket: Bucket, cost: int) -> tuple[int, int]:
    try:
        debt_us, wait_us = redis_ask("EVAL", TAKE, 1, bucket.key, *bucket.words(cost))
    except RedisAway:
        return _LOCAL.take(bucket, cost, now_us=time.monotonic_ns() // 1000)
    return int(debt_us), int(wait_us)


class LocalBuckets:
    """The same buckets in memory: the ones used last, never more than LOCAL_BUCKETS_MAX."""

    def __init__(self) -> None:
        self._full_at_us: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = Lock()

    def take(self, bucket: Bucket, cost: int, *, now_us: int) -> tuple[int, int]:
        """As the script answers: microseconds until full, and until one may come again."""
        name = bucket.policy, bucket.name
        with self._lock:
            full_at = max(self._full_at_us.pop(name, 0), now_us)
            after = full_at + cost * bucket.step_us
            wait = max(0, after - bucket.burst * bucket.step_us - now_us)
            self._full_at_us[name] = full_at if wait else after
            if len(self._full_at_us) > LOCAL_BUCKETS_MAX:
                self._full_at_us.popitem(last=False)
            return self._full_at_us[name] - now_us, wait


_LOCAL: Final = LocalBuckets()

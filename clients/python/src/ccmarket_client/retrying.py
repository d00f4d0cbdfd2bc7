"""When a request is sent again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from ccmarket_client.calls import Call
from ccmarket_client.errors import ApiError, CcmarketError, Conflict, RateLimited, Unavailable

IN_FLIGHT = "idempotency_in_flight"


@dataclass(frozen=True, slots=True)
class Retrying:
    """Up to `attempts` in all, waiting longer each time, up to `wait_s_max`."""

    attempts: int = 4
    wait_s_first: float = 0.25
    wait_s_max: float = 10.0

    def wait_s(self, call: Call[Any], error: CcmarketError, attempt: int) -> float | None:
        """How long to wait before the next attempt; None: that was the last.

        What is not known to have been refused is sent again only if it can be carried out once.
        """
        if attempt >= self.attempts:
            return None
        if isinstance(error, RateLimited):
            return min(error.retry_after_s, self.wait_s_max)
        is_refused = isinstance(error, ApiError) and not isinstance(error, Unavailable)
        is_under_way = isinstance(error, Conflict) and error.code == IN_FLIGHT
        if (is_refused and not is_under_way) or not call.may_repeat:
            return None
        longest_s = min(self.wait_s_first * (1 << (attempt - 1)), self.wait_s_max)
        # Those that failed together do not come back together.
        return longest_s * random.uniform(0.5, 1.0)  # noqa: S311

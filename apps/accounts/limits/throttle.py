"""Takes what a request costs from its caller's bucket, and tells in headers what is left.

    RateLimit-Policy: "key";q=400;w=2      the bucket: 400 tokens, full again within 2 seconds
    RateLimit: "key";r=399;t=1             tokens left; seconds until it is full
    X-RateLimit-Limit, -Remaining, -Reset  the same for older clients

Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.accounts.limits.buckets import Bucket, Charge, bucket_take
from apps.accounts.limits.callers import ADDRESS, address_bucket, caller_bucket

if TYPE_CHECKING:
    # It imports this module, by way of its settings.
    from rest_framework.views import APIView


class RateLimit(BaseThrottle):
    """For every view of the API. A view's `cost_of(request)` says what it costs; else it is 1."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        charge_caller(request, view)
        return True


class TooManyRequests(exceptions.Throttled):
    """The bucket is empty. `wait_s` says for how many seconds."""

    def __init__(self, found: Charge) -> None:
        self.wait_s = max(1, math.ceil(found.wait_s))
        super().__init__(wait=self.wait_s)
        whose = "Public" if found.bucket.policy == ADDRESS else "Private"
        self.wording = f"{whose} rate limit exceeded"


def charge_caller(request: Request, view: APIView) -> None:
    """Charges whoever the request speaks for, once per request. Raises TooManyRequests."""
    if "_rate_limit" in vars(request._request):
        return
    cost_of: Callable[[Request], int] | None = getattr(view, "cost_of", None)
    cost = cost_of(request) if cost_of else 1
    charge(request._request, caller_bucket(request), cost=cost)


def charge(request: HttpRequest, bucket: Bucket, *, cost: int = 1) -> None:
    """Raises TooManyRequests when the bucket is empty; the answer's headers tell either way."""
    found = bucket_take(bucket, cost=cost)
    charge_note(request, found)
    if not found.is_allowed:
        raise TooManyRequests(found)


def charge_note(request: HttpRequest, found: Charge) -> None:
    """The request is charged once, and its answer says what is left."""
    request._rate_limit = found  # type: ignore[attr-defined]


def charge_noted(request: HttpRequest) -> Charge | None:
    """What the request was charged."""
    found: Charge | None = vars(request).get("_rate_limit")
    return found


def charge_stranger(request: HttpRequest) -> None:
    """Whoever guesses at keys does so out of their address's bucket."""
    charge(request, address_bucket(request))


class RateLimitHeaders:
    """Middleware: every answer of the API, errors too, says what is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        found = charge_noted(request)
        if found is not None:
            for name, value in limit_headers(found).items():
                response[name] = value
        return response


def limit_headers(found: Charge) -> dict[str, str]:
    """What an answer says about the bucket that was taken from."""
    bucket = found.bucket
    window_s = math.ceil(bucket.burst / bucket.rate_per_s)
    return {
        "RateLimit-Policy": f'"{bucket.policy}";q={bucket.burst};w={window_s}',
        "RateLimit": f'"{bucket.policy}";r={found.remaining};t={found.full_in_s}',
        "X-RateLimit-Limit": str(bucket.burst),
        "X-RateLimit-Remaining": str(found.remaining),
        "X-RateLimit-Reset": str(found.full_in_s),
    }

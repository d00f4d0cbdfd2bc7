"""`GET /healthz`: is everything there that this process needs?"""

from __future__ import annotations

from collections.abc import Callable

import redis
import requests
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse

TIMEOUT_S = 2


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S) as client:
        client.ping()


def _chain() -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    answer = requests.post(settings.CHAIN_RPC_URL, json=request, timeout=TIMEOUT_S)
    answer.raise_for_status()
    int(answer.json()["result"], 16)


# The market works on without the chain: it is reported, and does not make us unhealthy.
CHECKS: dict[str, tuple[Callable[[], None], bool]] = {
    "database": (_database, True),
    "redis": (_redis, False),
    "chain": (_chain, False),
}


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when what is required answers, else 503; every check with "ok" or its error's name."""
    results, healthy = {}, True
    for name, (check, required) in CHECKS.items():
        try:
            check()
            results[name] = "ok"
        except Exception as error:
            results[name] = type(error).__name__
            healthy = healthy and not required
    body = {"status": "ok" if healthy else "unavailable", "checks": results}
    return JsonResponse(body, status=200 if healthy else 503)

"""One POST to somebody else's server: to a checked address, within a deadline, no redirects."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from threading import Timer
from typing import Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection

from apps.accounts.errors import ServiceError
from apps.accounts.webhooks.addresses import addresses_resolve

CONNECT_S: Final = 5.0
READ_S: Final = 10.0
# However slowly a server drips its answer.
DEADLINE_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """An HTTP status, or why there was none."""

    status: int | None
    error: str
    duration_ms: int


class _CheckedSocket:
    """Connects to the very address that was checked. The name is for TLS and the Host header."""

    def _new_conn(self: Any) -> socket.socket:
        addresses = addresses_resolve(self.host, self.port)
        found: socket.socket = create_connection(
            (addresses[0], self.port), self.timeout, socket_options=self.socket_options
        )
        self.deadline = Timer(DEADLINE_S, _hang_up, [found])
        self.deadline.daemon = True
        self.deadline.start()
        return found

    def close(self: Any) -> None:
        if deadline := vars(self).pop("deadline", None):
            deadline.cancel()
        super().close()


class _CheckedHTTP(_CheckedSocket, HTTPConnection):
    pass


class _CheckedHTTPS(_CheckedSocket, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _CheckedHTTP


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _CheckedHTTPS


def post(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    """Sends it once. Never raises for what the network or the receiver does."""
    started = time.monotonic()
    status, error = None, ""
    parts = urllib3.util.parse_url(url)
    pool_of = _HTTPSPool if parts.scheme == "https" else _HTTPPool
    try:
        with pool_of(
            str(parts.host),
            parts.port,
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
            retries=False,
        ) as pool:
            answer = pool.urlopen(
                "POST",
                parts.request_uri,
                body=body,
                headers=headers,
                redirect=False,
                preload_content=False,
            )
            status = answer.status
            # Its text is nobody's business: not read, so it cannot be endless either.
            answer.close()
    except ServiceError as refused:
        error = refused.message
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as failure:
        error = type(failure).__name__
    return Outcome(status, error[:200], int((time.monotonic() - started) * 1000))


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return

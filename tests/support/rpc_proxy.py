"""A node that lies, goes away, or hangs: a proxy in front of a real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

FORWARD_TIMEOUT_S = 10
HANG_S = 60

# Takes the method and the honest result, returns what the caller is told.
Lie = Callable[[str, Any], Any]


class RpcProxy:
    """JSON-RPC at `url`, answered by `upstream` unless told otherwise."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.lie: Lie | None = None
        self.is_down = False
        self.hang_on: str | None = None
        self.hanging = threading.Event()
        self.released = threading.Event()
        self.calls: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to one call; None for none at all."""
        method = request["method"]
        self.calls.append(method)
        if self.is_down:
            return None
        if method == self.hang_on:
            self.hanging.set()
            self.released.wait(HANG_S)
            return None
        honest: dict[str, Any] = requests.post(
            self.upstream, json=request, timeout=FORWARD_TIMEOUT_S
        ).json()
        if self.lie and "result" in honest:
            honest["result"] = self.lie(method, honest["result"])
        return honest

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = proxy.answer(json.loads(body))
                if answer is None:
                    self.send_error(503)
                    return
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Tests need no access log."""

        return Handler

    def serve(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running_proxy(upstream: str) -> Iterator[RpcProxy]:
    proxy = RpcProxy(upstream)
    proxy.serve()
    try:
        yield proxy
    finally:
        proxy.stop()

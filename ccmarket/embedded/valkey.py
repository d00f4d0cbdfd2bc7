"""Valkey (the Redis protocol) from the Python package, in a folder of ours."""

import json
import os
import secrets
from urllib.parse import quote

from ccmarket.embedded.binaries import valkey_server
from ccmarket.embedded.health import redis_answers
from ccmarket.embedded.layout import Layout
from ccmarket.embedded.ports import LOOPBACK
from ccmarket.embedded.program import Program

DATABASES = 64  # one for each parallel test worker


class Valkey:
    """One server below `layout.valkey`, on `port` of the loopback interface."""

    def __init__(self, layout: Layout, port: int, *, durable: bool) -> None:
        self._folder = layout.valkey
        self._port = port
        self._durable = durable

    @property
    def url(self) -> str:
        password = (self._folder / "password").read_text().strip()
        return f"redis://:{quote(password)}@{LOOPBACK}:{self._port}/0"

    def program(self) -> Program:
        return Program(
            name="valkey",
            title="Valkey",
            command=lambda: [valkey_server(), str(self._folder / "valkey.conf")],
            ready=lambda: redis_answers(self.url),
        )

    def prepare(self) -> None:
        """Write the configuration: a file, because a command line shows the password to all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        password = self._folder / "password"
        if not password.exists():
            password.touch(mode=0o600)
            password.write_text(secrets.token_urlsafe(18))
        config = self._folder / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text("".join(f"{k} {v}\n" for k, v in self._settings(password.read_text())))

    def _settings(self, password: str) -> list[tuple[str, str]]:
        return [
            ("bind", LOOPBACK),
            ("port", str(self._port)),
            ("dir", json.dumps(os.fspath(self._folder), ensure_ascii=False)),
            ("requirepass", password),
            ("databases", str(DATABASES)),
            # Nothing is evicted: a task queued for the workers must not vanish. It refuses instead.
            ("maxmemory", "256mb"),
            ("maxmemory-policy", "noeviction"),
            ("save", '""'),
            ("appendonly", "yes" if self._durable else "no"),
            ("appendfsync", "everysec"),
            ("loglevel", "warning"),
            ("set-proc-title", "no"),  # the recorded command line has to stay recognisable
        ]

"""The application's processes, as one table: what `make demo` runs once the services are up."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ccmarket.embedded import install
from ccmarket.embedded.health import http_ok
from ccmarket.embedded.layout import MANAGE, PROJECT, EmbeddedError, Layout, python
from ccmarket.embedded.program import Program

PORT_DEFAULT = 8000
HOST_DEFAULT = "127.0.0.1"

# True, and of no use to who tries the demo: static files come from their sources, and the demo may
# run as root.
EXPECTED_WARNINGS = ("No directory at", "You're running the worker with superuser privileges")

# A connection of its own for each request takes longer than most requests do.
WEB_ENVIRONMENT = {"DATABASE_POOL_MAX": "20"}

Command = tuple[str, ...]


@dataclass(frozen=True)
class Address:
    """Where the website is served."""

    host: str
    port: int

    @classmethod
    def from_environment(cls, given: Mapping[str, str] = os.environ) -> "Address":
        port = given.get("PORT") or str(PORT_DEFAULT)
        if not port.isdecimal():
            raise EmbeddedError(f"PORT must be a number, not {port!r}.")
        return cls(given.get("BIND") or HOST_DEFAULT, int(port))

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def health_url(self) -> str:
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{host}:{self.port}/healthz"


def manage(*words: str) -> Command:
    return (python(), str(MANAGE), *words)


def uvicorn(address: Address) -> Command:
    """An open WebSocket never ends by itself, so a stop does not wait for it."""
    options = ("--lifespan", "off", "--no-access-log", "--timeout-graceful-shutdown", "3")
    # The feed's messages are the same for all: packing them again for each client costs the most.
    protocol = "apps.orderbook.feed.protocol:FeedProtocol"
    plain = ("--ws", protocol, "--ws-per-message-deflate", "false")
    where = ("--host", address.host, "--port", str(address.port))
    return (python(), "-m", "uvicorn", "ccmarket.asgi:application", *where, *options, *plain)


def celery(*words: str) -> Command:
    return (python(), "-m", "celery", "--quiet", "-A", "ccmarket.celery", *words)


@dataclass(frozen=True)
class Stack:
    """What runs on the services: steps that end, then processes that stay."""

    address: Address
    layout: Layout

    def environment(self, given: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What the processes find in their environment; the user's own values win."""
        defaults = {
            "DEMO": "1",
            "DJANGO_DEBUG": "0",
            "BASE_URL": self.address.url,
            # Nobody reads the mail of a demo: who signs up can sign in.
            "EMAIL_VERIFICATION": "0",
            # And take tonnes out without an authenticator app.
            "WITHDRAWAL_SECOND_FACTOR": "0",
            "PYTHONPATH": str(PROJECT),
            "PYTHONWARNINGS": ",".join(f"ignore:{text}" for text in EXPECTED_WARNINGS),
        }
        return {name: given.get(name) or value for name, value in defaults.items()}

    def preparations(self) -> list[Program]:
        """Run to their end one after the other; quick when there is nothing to do."""
        return [
            Program("migrate", lambda: manage("migrate", "--no-input"), title="Database schema"),
            Program(
                "demo",
                lambda: manage("demo_prepare"),
                title="Contracts and demo data",
                is_talkative=True,
            ),
        ]

    def table(self) -> list[dict[str, Command]]:
        """Name and command of every process, in the stages they are started in.

        Starting takes a processor for seconds, so what people wait for comes first.
        """
        return [
            {"web": uvicorn(self.address), "engine": manage("run_engine")},
            {
                # Tasks mostly wait for the chain: threads do, and leave no processes behind.
                "worker": celery("worker", "--pool", "threads", "--concurrency", "4"),
                "beat": celery("beat", "--schedule", str(self.layout.run / "beat-schedule")),
                "indexer": manage("run_indexer"),
                "makers": manage("run_market_makers"),
            },
        ]

    def stages(self) -> list[list[Program]]:
        """The table as programs. The website says when it is ready; the others just have to run."""
        return [
            [self._program(name, command) for name, command in stage.items()]
            for stage in self.table()
        ]

    def afterwards(self) -> list[Program]:
        """Run to their end once everything is there, beside all else and after it."""
        compiling = ("nice", python(), install.__file__, "compile")
        return [Program("compile", lambda: compiling, title="Compiling the engine", is_once=True)]

    def _program(self, name: str, command: Command) -> Program:
        program = Program(name, lambda: command, env={"CCMARKET_PROCESS": name})
        if name == "web":
            return replace(
                program,
                env={**program.env, **WEB_ENVIRONMENT},
                ready=lambda: http_ok(self.address.health_url),
            )
        return program

"""The application's processes, as one table: what `make demo` runs once the services are up."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ccmarket.embedded.health import http_ok
from ccmarket.embedded.layout import MANAGE, PROJECT, EmbeddedError, Layout, python
from ccmarket.embedded.program import Program

PORT_DEFAULT = 8000
HOST_DEFAULT = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """Where the website is served."""

    host: str
    port: int

    @classmethod
    def from_environment(cls, given: Mapping[str, str]) -> "Address":
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


def manage(*words: str) -> tuple[str, ...]:
    return (python(), str(MANAGE), *words)


def process_table(address: Address, layout: Layout) -> list[tuple[str, tuple[str, ...]]]:
    """Name and command of every process, in the order they are started."""
    celery = (python(), "-m", "celery", "-A", "ccmarket.celery")
    schedule = str(layout.run / "beat-schedule")
    return [
        ("web", (
            *(python(), "-m", "uvicorn", "ccmarket.asgi:application"),
            *("--host", address.host, "--port", str(address.port)),
            # An open WebSocket never ends by itself: do not wait for it for ever.
            *("--lifespan", "off", "--no-access-log", "--timeout-graceful-shutdown", "3"),
        )),
        ("engine", manage("run_engine")),
        # Tasks wait for the chain most of the time, so threads do, and leave no processes behind.
        ("worker", (*celery, "worker", "--pool", "threads", "--concurrency", "4")),
        ("beat", (*celery, "beat", "--schedule", schedule)),
        ("indexer", manage("run_indexer")),
        ("makers", manage("run_market_makers")),
    ]  # fmt: skip


def programs(address: Address, layout: Layout) -> list[Program]:
    """The table as programs. The website is ready when it says so; the others by still running."""

    def program(name: str, argv: tuple[str, ...]) -> Program:
        made = Program(name=name, command=lambda: argv, env={"CCMARKET_PROCESS": name})
        return replace(made, ready=lambda: http_ok(address.health_url)) if name == "web" else made

    return [program(name, argv) for name, argv in process_table(address, layout)]


def preparations() -> list[Program]:
    """What runs to its end before the processes start; quick when there is nothing to do."""
    return [
        Program("migrate", lambda: manage("migrate", "--no-input"), title="Database schema"),
        Program("demo_prepare", lambda: manage("demo_prepare"), title="Contracts and demo data"),
    ]


def environment(address: Address, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the demo's processes find in their environment; the user's own values win."""
    defaults = {
        "DEMO": "1",
        "DJANGO_DEBUG": "0",
        "BASE_URL": address.url,
        # Nobody reads the mail of a demo: who signs up can sign in.
        "EMAIL_VERIFICATION": "0",
        "PYTHONPATH": str(PROJECT),
    }
    return {name: given.get(name) or value for name, value in defaults.items()}

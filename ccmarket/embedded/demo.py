"""`make demo`: the whole of ccmarket on one machine."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from ccmarket.embedded.guard import StopRequested, StopSignals, only_supervisor
from ccmarket.embedded.layout import Layout
from ccmarket.embedded.logs import BOLD, Console
from ccmarket.embedded.ports import require_free
from ccmarket.embedded.services import Services
from ccmarket.embedded.stack import Address, Stack
from ccmarket.embedded.supervisor import Supervisor

TEND_INTERVAL_S = 0.2


def demo(layout: Layout, console: Console, make_stack: type[Stack] = Stack) -> int:
    """Set up, run until asked to stop, stop; returns the exit code."""
    started_s = time.monotonic()
    stack = make_stack(Address.from_environment(), layout)
    with only_supervisor(layout), StopSignals() as signals:
        supervisor = Supervisor(layout, console, signals)
        try:
            _set_up(supervisor, stack, signals)
            console.say(banner(stack, time.monotonic() - started_s, console))
            console.follow_all()
            while True:
                signals.check()
                supervisor.tend()
                time.sleep(TEND_INTERVAL_S)
        except StopRequested:
            console.follow()
            console.say("\n  Stopping")
        finally:
            supervisor.stop()
            layout.environment.unlink(missing_ok=True)
            layout.remove_sockets()
        console.say("  Stopped. Everything is kept for the next start.")
    return 0


def _set_up(supervisor: Supervisor, stack: Stack, signals: StopSignals) -> None:
    console = supervisor.console
    supervisor.stop_leftovers()
    require_free(stack.address.port, stack.address.host)
    console.say("\n  Starting ccmarket\n")
    services = Services(stack.layout, durable=True)
    supervisor.start(services.prepare(), {})
    env = {**stack.environment(), **services.env}
    write_environment(stack.layout.environment, env)
    for program in stack.preparations():
        signals.check()
        supervisor.run_once(program, env)
    for stage in stack.stages():
        supervisor.start(stage, env)
    supervisor.start(stack.afterwards(), env)


def write_environment(path: Path, env: Mapping[str, str]) -> None:
    """For commands run beside the demo; nobody else on this machine may read the addresses."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(dict(env), file)


def banner(stack: Stack, took_s: float, console: Console) -> str:
    """Where it runs and how to sign in."""
    lines = [
        "",
        f"  {console.paint('ccmarket is running at ' + stack.address.url, BOLD)}"
        f"    (ready in {took_s:.0f} s)",
        *_sign_in(stack.layout),
        "",
        f"  Logs: {stack.layout.log}",
        "  Stop: Ctrl-C    Start over: make clean-demo",
        "",
    ]
    return "\n".join(lines)


def _sign_in(layout: Layout) -> list[str]:
    """The users that `demo_prepare` wrote down, as a table."""
    try:
        users = json.loads(layout.demo_facts.read_text())["users"]
        rows = [(u["name"], u["email"], u["password"], u["role"]) for u in users.values()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []
    rows.insert(0, ("Sign in as", "Email", "Password", "Role"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = (
        "    ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return ["", *(f"  {line.rstrip()}" for line in lines)]

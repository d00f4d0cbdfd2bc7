"""Waiting for programs to be up."""

import time
from collections.abc import Callable, Sequence

from ccmarket.embedded.layout import EmbeddedError
from ccmarket.embedded.logs import tail
from ccmarket.embedded.program import Child

POLL_S = 0.05


def _nothing(*_: object) -> None:
    pass


def wait_ready(
    children: Sequence[Child],
    *,
    on_ready: Callable[[Child, float], None] = _nothing,
    check_stop: Callable[[], None] = _nothing,
) -> None:
    """Return when every child is ready; raise EmbeddedError with its log's end if one fails.

    `on_ready` hears of each, with the seconds since it was started. `check_stop` is asked all the
    time and raises to give up.
    """
    waiting = list(children)
    while waiting:
        check_stop()
        for child in children:
            if child.exit_code is not None:
                raise EmbeddedError(failure(child, f"ended with code {child.exit_code}"))
        for child in list(waiting):
            age_s = time.monotonic() - child.started_s
            if child.program.ready is None or child.program.ready():
                waiting.remove(child)
                on_ready(child, age_s)
            elif age_s > child.program.ready_timeout_s:
                raise EmbeddedError(failure(child, f"was not ready after {age_s:.0f} s"))
        if waiting:
            time.sleep(POLL_S)


def wait_done(child: Child, *, check_stop: Callable[[], None] = _nothing) -> float:
    """Wait for a one-off program to succeed; returns the seconds it took."""
    while child.exit_code is None:
        check_stop()
        time.sleep(POLL_S)
    if child.exit_code:
        child.sweep()
        raise EmbeddedError(failure(child, f"failed with code {child.exit_code}"))
    return time.monotonic() - child.started_s


def failure(child: Child, what: str) -> str:
    return (
        f"{child.program.label} {what}.\n"
        f"The end of its log ({child.log_path}):\n\n{tail(child.log_path)}"
    )

"""Several at once, on connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection

WAIT_S = 20


def race(*contestants: Callable[[], object], wait_s: float = WAIT_S) -> list[object]:
    """What each of them returns or raises, run at once on connections of their own."""
    results: list[object] = [None] * len(contestants)
    start = threading.Barrier(len(contestants))

    def run(at: int, contestant: Callable[[], object]) -> None:
        try:
            start.wait(wait_s)
            results[at] = contestant()
        except Exception as error:
            results[at] = error
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(contestants)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(wait_s)
    assert not any(thread.is_alive() for thread in threads), "a contestant never came back"
    return results

"""ccxt's test runner, unmodified, in a folder of its own, and what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ccmarket.settings import BASE_DIR

# The first wheels with the tests themselves; those before have the runner alone.
VERSION: Final = "4.5.90"
EXCHANGE: Final = "coinbaseexchange"
RUN_S: Final = 90
# The runner's ways, and the words that choose them.
WAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "sync": ("--sync", "--private", "--fundedTests", "--info"),
    "async": ("--private", "--fundedTests", "--info"),
    "pro": ("--ws", "--private", "--info"),
}
# What no server can answer so that these tests pass, by test and property as the runner takes them.
_CLASS: Final = "ccxt's coinbaseexchange never fills it in"
SKIPS: Final[Mapping[str, Any]] = {
    "orderBook": {"timestamp": _CLASS, "datetime": _CLASS},
    "fetchAccounts": {"type": _CLASS},
    # The last of them: whether well-known currencies can be deposited and withdrawn.
    "fetchCurrencies": dict.fromkeys(
        ("deposit", "withdraw", "fee", "networks", "activeMajorCurrencies"), _CLASS
    ),
    "ledger": {"account": _CLASS, "fee": _CLASS},
    "depositWithdraw": {"txid": "of coins on a chain", "network": "of coins on a chain"},
    "createOrder": "the test adds a number to a text and stops",
    "watchTradesForSymbols": "ccxt waits by symbol for what it resolves by the market's id",
}
PASSED, FAILED, UNSUPPORTED = "passed", "failed", "not a method of this exchange"
UNIMPLEMENTED, WARNED, SKIPPED = "ccxt has no such test", "could not be asked", "cannot pass"
OPEN: Final = "did not end"

_SAID: Final = {
    "TESTING DONE": PASSED,
    "UNSUPPORTED_TEST": UNSUPPORTED,
    "UNIMPLEMENTED_TEST": UNIMPLEMENTED,
    "SKIPPED_TEST": SKIPPED,
}
_LINE: Final = re.compile(
    rf"^\[(INFO|TEST_FAILURE|TEST_WARNING)\] *({'|'.join(_SAID)}|TESTING|)"
    rf" *{EXCHANGE} +([a-zA-Z0-9]+)"
)


def folder_prepare(settings: Mapping[str, Any]) -> Path:
    """ccxt in a folder, and the settings of the exchange where its runner looks for them."""
    folder = Path(BASE_DIR) / "var" / "cache" / f"ccxt-{VERSION}"
    python = folder / "python"
    if not (python / "ccxt" / "test" / "exchange").is_dir():
        install = ["-m", "uv", "pip", "install", "--quiet", "--no-deps", "--target", str(python)]
        subprocess.run([sys.executable, *install, f"ccxt=={VERSION}"], check=True)
    (folder / "keys.local.json").write_text(json.dumps({EXCHANGE: settings}))
    skips = {EXCHANGE: {"skipMethods": SKIPS}}
    (folder / "skip-tests.json").write_text(json.dumps(skips))
    return folder


def run(folder: Path, way: str, symbol: str) -> tuple[dict[str, str], str]:
    """What came of every test, and all that the runner said."""
    command = [sys.executable, "tests_init.py", EXCHANGE, symbol, *WAYS[way]]
    log = folder / f"{way}.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            command,
            cwd=folder / "python" / "ccxt" / "test",
            env={**os.environ, "PYTHONPATH": str(folder / "python"), "PYTHONUNBUFFERED": "1"},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            process.wait(RUN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return results_of(log.read_text()), log.read_text()


def results_of(said: str) -> dict[str, str]:
    """By test. One that failed once has failed, whatever else is said of it."""
    found: dict[str, str] = {}
    begun: set[str] = set()
    for line in said.splitlines():
        if (match := _LINE.match(line)) is None:
            continue
        kind, words, test = match.groups()
        if kind == "TEST_FAILURE" and not test.isupper():
            found[test] = FAILED
        elif kind == "TEST_WARNING":
            found.setdefault(test, WARNED)
        elif words in _SAID:
            found.setdefault(test, _SAID[words])
        elif kind == "INFO":
            begun.add(test)
    return dict.fromkeys(begun, OPEN) | found

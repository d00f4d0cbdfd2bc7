"""`python -m ccmarket.embedded run`: services for one command, and nothing afterwards."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ccmarket.embedded.layout import PROJECT
from tests.support.supervised import WAIT_S, all_over, environment, eventually

pytestmark = pytest.mark.faults

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
ASK = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("SHOW fsync").fetchone()[0])
"""


def private(var: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "ccmarket.embedded", "run", *words],
        cwd=PROJECT,
        env=environment(var),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def output(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    return said


def test_the_exit_code_of_the_command_is_passed_on(tmp_path: Path) -> None:
    failing = private(tmp_path, "--", sys.executable, "-c", "raise SystemExit(7)")
    assert failing.wait(WAIT_S) == 7


def test_several_sets_run_at_once_and_share_nothing(tmp_path: Path) -> None:
    show = ("--", sys.executable, "-c", SHOW)
    running = [private(tmp_path, "--with-chain", *show) for _ in range(2)]
    one, two = (json.loads(output(process)) for process in running)
    for name in ("DATABASE_URL", "REDIS_URL", "CHAIN_RPC_URL", "CCMARKET_VAR"):
        assert one[name] != two[name]
    assert list((tmp_path / "test").iterdir()) == []


@pytest.mark.parametrize(("options", "answer"), [((), "off"), (("--durable",), "on")])
def test_only_a_durable_set_waits_for_the_disk(
    tmp_path: Path, options: tuple[str, ...], answer: str
) -> None:
    ask = ("--", sys.executable, "-c", ASK)
    assert output(private(tmp_path, *options, *ask)).strip() == answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_set_that_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    sleep = "print('here', flush=True); import time; time.sleep(600)"
    running = private(tmp_path, "--", sys.executable, "-c", sleep)
    assert running.stdout is not None
    assert running.stdout.readline() == "here\n"
    servers = [
        process
        for process in psutil.Process(running.pid).children()
        if process.name() in {"postgres", "valkey-server"}
    ]
    assert len(servers) == 2
    command = next(p for p in psutil.Process(running.pid).children() if p not in servers)
    running.send_signal(number)
    running.wait(WAIT_S)
    eventually("the servers are over", lambda: all_over(servers))
    if number is signal.SIGKILL:
        command.kill()
        # The next one removes what was left.
        output(private(tmp_path, "--", sys.executable, "-c", ""))
    assert all_over([command])
    assert list((tmp_path / "test").iterdir()) == []

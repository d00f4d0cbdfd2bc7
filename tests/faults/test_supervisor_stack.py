"""The demo's supervisor: what it leaves behind, what it restarts, whom it refuses."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from ccmarket.embedded import health
from ccmarket.embedded.layout import PROJECT
from ccmarket.embedded.ports import choose_port, is_free
from ccmarket.embedded.records import is_over, start_mark
from tests.support.supervised import WAIT_S, SmallStackRun, all_over, environment, eventually

pytestmark = pytest.mark.faults

Start = Callable[..., SmallStackRun]


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A folder whose path has spaces, as the project's may."""
    folder = tmp_path / "a path with spaces" / "var"
    folder.parent.mkdir()
    return folder


@pytest.fixture
def start(var: Path) -> Iterator[Start]:
    runs: list[SmallStackRun] = []

    def begin(*, own_database: bool = True, **given: object) -> SmallStackRun:
        if not own_database:
            given["DATABASE_URL"] = os.environ["DATABASE_URL"]
        runs.append(SmallStackRun.start(var, **given))  # type: ignore[arg-type]
        return runs[-1]

    yield begin
    for run in runs:
        run.end()


def rpc(url: str, method: str, *parameters: object) -> Any:
    """Patient: the product's own probes give up sooner than a busy test machine answers."""
    return health.rpc(url, method, *parameters, timeout_s=WAIT_S)


def ports(run: SmallStackRun) -> dict[str, int]:
    chosen: dict[str, int] = json.loads((run.layout.var / "ports.json").read_text())
    return {**chosen, "web": run.port}


def database_url(run: SmallStackRun) -> str:
    password = (run.layout.postgres / "password").read_text()
    return f"postgresql://ccmarket:{password}@127.0.0.1:{ports(run)['postgres']}/ccmarket"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_leaves_no_process_and_no_port_behind(start: Start, number: signal.Signals) -> None:
    run = start().ready()
    processes = run.descendants()
    assert len(processes) > 6
    assert run.end(number) == 0
    assert all_over(processes)
    assert {name: is_free(port) for name, port in ports(run).items()} == dict.fromkeys(
        ports(run), True
    )
    assert list(run.layout.run.glob("*.json")) == []
    assert not run.layout.sockets().exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells children of a killed parent")
def test_after_kill_9_of_the_supervisor_its_children_end_too(start: Start) -> None:
    run = start().ready()
    processes = [run.named(name) for name in ("postgres", "valkey", "chain", "web", "engine")]
    assert run.end(signal.SIGKILL) == -signal.SIGKILL
    eventually("all over", lambda: all_over(processes))


def test_the_start_after_a_kill_9_stops_what_still_runs(start: Start) -> None:
    run = start(own_database=False).ready()
    # What nobody told that its parent died, as on a system that does not tell.
    survivor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    record = json.loads((run.layout.run / "engine.json").read_text())
    run.end(signal.SIGKILL)
    process = psutil.Process(survivor.pid)
    record |= {"pid": survivor.pid, "started": start_mark(process), "argv": process.cmdline()}
    (run.layout.run / "engine.json").write_text(json.dumps(record))
    again = start(own_database=False).ready()
    assert is_over(process)
    survivor.wait()
    assert "Stopped engine, left over from the last run" in again.text


def test_a_program_that_dies_is_started_again(start: Start) -> None:
    run = start(own_database=False).ready()
    engine = run.named("engine")
    helpers = engine.children()
    engine.kill()
    eventually("a new engine", lambda: run.named("engine").pid != engine.pid)
    assert all_over(helpers)
    assert "engine was ended by signal 9; starting it again now" in run.text


def test_what_runs_once_is_not_started_again_and_ends_with_the_demo(start: Start) -> None:
    run = start(own_database=False).ready()
    eventually("over", lambda: not (run.layout.run / "brief.json").exists())
    long = run.named("long")
    processes = [long, *long.children()]
    run.end()
    assert all_over(processes)
    assert (run.layout.log / "brief.log").read_text().count("Once") == 1
    assert "starting it again" not in run.text


def test_what_postgresql_acknowledged_survives_its_kill_9(start: Start) -> None:
    run = start().ready()
    with psycopg.connect(database_url(run), autocommit=True) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        server = run.named("postgres")
        server.kill()
    eventually("a new server", lambda: run.named("postgres").pid != server.pid)

    def answer() -> object:
        try:
            with psycopg.connect(database_url(run)) as connection:
                return connection.execute("SELECT number FROM kept").fetchone()
        except psycopg.OperationalError:
            return None

    eventually("the row", lambda: answer() == (7,))


def test_the_chain_survives_the_kill_9_of_everything(start: Start) -> None:
    run = start(own_database=False).ready()
    url = f"http://127.0.0.1:{ports(run)['chain']}"
    sender, receiver = rpc(url, "eth_accounts")[:2]
    sent = {"from": sender, "to": receiver, "value": hex(5)}
    transaction = rpc(url, "eth_sendTransaction", sent)

    def is_final() -> bool:
        receipt = rpc(url, "eth_getTransactionReceipt", transaction)
        final = int(rpc(url, "eth_getBlockByNumber", "finalized", False)["number"], 16)
        return bool(receipt) and int(receipt["blockNumber"], 16) <= final

    eventually("final", is_final)
    balance = rpc(url, "eth_getBalance", receiver, "latest")
    receipt = rpc(url, "eth_getTransactionReceipt", transaction)
    run.kill_everything()

    again = start(own_database=False).ready()
    url = f"http://127.0.0.1:{ports(again)['chain']}"
    assert rpc(url, "eth_getTransactionReceipt", transaction) == receipt
    assert rpc(url, "eth_getBalance", receiver, "latest") == balance


def test_ports_and_data_stay_over_a_restart(start: Start) -> None:
    run = start().ready()
    with psycopg.connect(database_url(run), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    before = ports(run) | {"web": 0}
    assert run.end() == 0
    again = start().ready()
    assert ports(again) | {"web": 0} == before
    with psycopg.connect(database_url(again)) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_database_url_replaces_the_embedded_server(start: Start) -> None:
    run = start(own_database=False).ready()
    assert not any("postgres" in process.name() for process in run.descendants())
    assert not run.layout.postgres.exists()
    assert run.named("engine").environ()["DATABASE_URL"] == os.environ["DATABASE_URL"]


def test_a_database_url_that_does_not_answer_is_named(start: Start) -> None:
    run = start(DATABASE_URL=f"postgresql://127.0.0.1:{choose_port()}/ccmarket")
    assert run.process.wait(WAIT_S) == 1
    assert "PostgreSQL does not answer at the address that DATABASE_URL gives" in run.text


def test_a_taken_port_is_named_and_nothing_is_left(start: Start, var: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = start(port=port)
        assert run.process.wait(WAIT_S) == 1
    assert f"Port {port} is taken by another program" in run.text
    assert f"make demo PORT={port + 1}" in run.text
    assert list((var / "run").glob("*.json")) == []


def test_a_second_demo_from_the_same_folder_is_refused(start: Start) -> None:
    first = start(own_database=False).ready()
    second = start(own_database=False)
    assert second.process.wait(WAIT_S) == 1
    assert "ccmarket already runs from" in second.text
    assert first.process.poll() is None


def test_clean_stops_the_demo_and_forgets_its_state(start: Start, var: Path) -> None:
    run = start().ready()
    processes = run.descendants()
    (var / "cache").mkdir()
    subprocess.run(
        [sys.executable, "-m", "ccmarket.embedded", "clean"],
        cwd=PROJECT,
        env=environment(var),
        check=True,
        timeout=60,
    )
    assert run.process.wait(WAIT_S) == 0
    assert all_over(processes)
    assert [path.name for path in var.iterdir()] == ["cache"]


def test_a_zombie_with_the_old_server_s_id_does_not_stop_postgresql(start: Start) -> None:
    run = start().ready()
    server = run.named("postgres")
    lock = run.layout.postgres / "data" / "postmaster.pid"
    written = lock.read_text()
    run.kill_everything()
    eventually("over", lambda: is_over(server))
    zombie = subprocess.Popen(["true"])
    eventually("a zombie", lambda: is_over(psutil.Process(zombie.pid)))
    lock.write_text(written.replace(str(server.pid), str(zombie.pid), 1))
    start().ready()
    zombie.wait()


def test_only_talkative_steps_are_heard_while_setting_up(start: Start) -> None:
    text = start(own_database=False).ready().text
    assert "talks | Prepared" in text
    assert "Noise" not in text


def test_the_chain_begins_with_the_same_block_after_every_start(start: Start) -> None:
    genesis = set()
    for _ in range(4):
        run = start(own_database=False).ready()
        url = f"http://127.0.0.1:{ports(run)['chain']}"
        genesis.add(rpc(url, "eth_getBlockByNumber", "0x0", False)["hash"])
        assert run.end() == 0
    assert len(genesis) == 1

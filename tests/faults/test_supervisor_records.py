"""A process is stopped only when it is certainly the one that was written down."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from ccmarket.embedded.records import ProcessRecord, is_over, record_read, start_mark, stop_recorded
from tests.support.supervised import eventually

pytestmark = pytest.mark.faults

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
# Says when it is ready, so that the signal cannot come before the handler.
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(600)"
)


@pytest.fixture
def sleeper() -> Iterator[ProcessRecord]:
    process = subprocess.Popen(SLEEP, start_new_session=True)
    started = start_mark(psutil.Process(process.pid))
    record = ProcessRecord("sleeper", process.pid, started, SLEEP)
    # The kernel shows a new program's words a moment after the program has begun.
    eventually("it has a command line", lambda: record.find() is not None)
    yield record
    process.kill()
    process.wait()


def test_the_recorded_process_is_stopped(sleeper: ProcessRecord, tmp_path: Path) -> None:
    sleeper.write(tmp_path)
    assert record_read(tmp_path / "sleeper.json") == sleeper
    process = psutil.Process(sleeper.pid)
    assert stop_recorded(tmp_path) == ["sleeper"]
    assert is_over(process)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    argv = (sys.executable, "-c", DEAF)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"deaf\n"
        started = start_mark(psutil.Process(process.pid))
        ProcessRecord("deaf", process.pid, started, argv, stop_timeout_s=0.2).write(tmp_path)
        assert stop_recorded(tmp_path) == ["deaf"]
        assert process.wait() == -signal.SIGKILL


def test_a_process_id_given_to_another_command_is_never_touched(
    sleeper: ProcessRecord, tmp_path: Path
) -> None:
    replace(sleeper, argv=("postgres", "-D", "data")).write(tmp_path)
    assert stop_recorded(tmp_path) == []
    assert not is_over(psutil.Process(sleeper.pid))


def test_a_process_id_given_to_a_later_start_is_never_touched(
    sleeper: ProcessRecord, tmp_path: Path
) -> None:
    replace(sleeper, started=start_mark(psutil.Process())).write(tmp_path)
    assert stop_recorded(tmp_path) == []
    assert not is_over(psutil.Process(sleeper.pid))


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}', "[]", '{"postgres": 5432}'])
def test_a_half_written_record_proves_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "postgres.json").write_text(text)
    assert stop_recorded(tmp_path) == []

"""The registry at size: a million rows of a Verra export go in, and every serial is found again.

The import is `manage.py import_registry` in a process of its own, on whatever `DATABASE_URL` names,
with every constraint on; beside it, in the same run, COPY of the same file into a plain table with
a key and an index on the serial. Then serials are looked up and staff's lists are opened on that
database (`registry_looks`). `BENCHMARK_REGISTRY_ROWS` sets how many rows.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from django.db import connection

from benchmarks.figures import Figure, rounded
from benchmarks.registry_looks import fill_other_tables, look_figures
from benchmarks.verra_rows import COLUMNS, write_verra

ROWS: Final = int(os.environ.get("BENCHMARK_REGISTRY_ROWS", "1000000"))
MEMORY_MAX_MB: Final = 300
_CHUNK_BYTES: Final = 1 << 20
_SUMMARY: Final = re.compile(r"rows (\d+) accepted (\d+) unchanged 0 refused 0")


class Imported(NamedTuple):
    """What one run of the command took."""

    elapsed_s: float
    rss_mb: float


def measure(rows: int = ROWS) -> list[Figure]:
    """Rates of the import and of COPY, the importer's memory, and times of look-ups."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vcus.csv"
        write_verra(path, rows)
        copied_s = copy_s(path)
        first, again = imported(path, rows), imported(path, rows, is_known=True)
    assert first.rss_mb < MEMORY_MAX_MB, first
    fill_other_tables(rows // 2)
    ratio = rounded(copied_s / first.elapsed_s)
    return [
        Figure("registry_rows", rows, "rows"),
        Figure("postgres_copy_verra", rounded(rows / copied_s), "rows/s"),
        Figure(
            "import_verra", rounded(rows / first.elapsed_s), "rows/s", ratio, "postgres_copy_verra"
        ),
        Figure("import_verra_again", rounded(rows / again.elapsed_s), "rows/s"),
        Figure("import_verra_rss_mb", rounded(first.rss_mb), "MB"),
        *look_figures(),
    ]


def imported(path: Path, rows: int, *, is_known: bool = False) -> Imported:
    """Run the command on the file, from its start to its end."""
    started_s = time.perf_counter()
    command = [sys.executable, "manage.py", "import_registry", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    elapsed_s = time.perf_counter() - started_s
    accepted, unchanged = (0, rows) if is_known else (rows, 0)
    expected = f"rows {rows} accepted {accepted} unchanged {unchanged} refused 0"
    assert process.returncode == 0, said
    assert said.splitlines()[-1] == expected, said[-1_000:]
    return Imported(elapsed_s, usage.ru_maxrss / 1024)


def copy_s(path: Path) -> float:
    """Seconds that COPY takes for the file, as text, into a table with a key and one index."""
    names = [f"c{number}" for number in range(len(COLUMNS))]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS benchmark_verra")
        columns = ", ".join(f"{name} text" for name in names)
        cursor.execute(f"CREATE TABLE benchmark_verra (id bigserial PRIMARY KEY, {columns})")
        cursor.execute(f"CREATE INDEX ON benchmark_verra ({names[COLUMNS.index('Serial Number')]})")
        started_s = time.perf_counter()
        statement = f"COPY benchmark_verra ({', '.join(names)}) FROM STDIN (FORMAT csv, HEADER)"
        with path.open("rb") as file, cursor.copy(statement) as copy:
            while chunk := file.read(_CHUNK_BYTES):
                copy.write(chunk)
        elapsed_s = time.perf_counter() - started_s
        cursor.execute("DROP TABLE benchmark_verra")
    return elapsed_s

"""The registry at size: a million rows of a Verra export go in, and every serial is found again.

The import is `manage.py import_registry` in a process of its own, on whatever `DATABASE_URL` names,
with every constraint on; beside it, in the same run, COPY of the same file into a plain table with
a key and an index on the serial. Then serials are looked up as the API does and staff's lists are
fetched, and no plan may scan a big table. `BENCHMARK_REGISTRY_ROWS` sets how many rows.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Final, NamedTuple

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from apps.registry.api.serials import TraceOutput
from apps.registry.models import RegistryEntry, SerialBlock
from apps.registry.selectors import blocks_with_number, traces_of
from benchmarks.figures import Figure, rounded
from benchmarks.verra_rows import COLUMNS, write_verra

ROWS: Final = int(os.environ.get("BENCHMARK_REGISTRY_ROWS", "1000000"))
LOOKUPS: Final = 400
MEMORY_MAX_MB: Final = 300
BIG_TABLES: Final = ("registry_serialblock", "registry_registryentry")
_CHUNK_BYTES: Final = 1 << 20
_SUMMARY: Final = re.compile(r"rows (\d+) accepted (\d+) unchanged 0 refused 0")
# Rows of other registries without serials, so that their list is as long.
_ENTRIES: Final = """
INSERT INTO registry_registryentry (registry_id, project_id, kind, reference, quantity_grams, year,
    beneficiary, reason, details, labels, created_at)
SELECT p.registry_id, p.id, 'issuance', 'benchmark ' || n, n, 2000 + n %% 25, '', '', '', '{}',
    now()
FROM generate_series(1, %s) n JOIN registry_project p ON p.id = (
    SELECT min(id) + n %% 1000 FROM registry_project)
"""


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
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, (rows // 2,))
        cursor.execute("ANALYZE")
    ratio = rounded(copied_s / first.elapsed_s)
    serial_ms, list_ms = p95_ms(serial_lookups()), p95_ms(admin_lists())
    return [
        Figure("registry_rows", rows, "rows"),
        Figure("postgres_copy_verra", rounded(rows / copied_s), "rows/s"),
        Figure(
            "import_verra", rounded(rows / first.elapsed_s), "rows/s", ratio, "postgres_copy_verra"
        ),
        Figure("import_verra_again", rounded(rows / again.elapsed_s), "rows/s"),
        Figure("import_verra_rss_mb", rounded(first.rss_mb), "MB"),
        Figure("serial_p95_ms", serial_ms, "ms"),
        Figure("admin_list_p95_ms", list_ms, "ms"),
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


def serial_lookups() -> list[Callable[[], object]]:
    """What the API does for a serial number as people paste it, and the page for a bare number."""
    random = Random(1)
    newest = SerialBlock.objects.latest("pk").pk
    keys = random.sample(range(1, newest + 1), LOOKUPS)
    blocks = list(SerialBlock.objects.filter(pk__in=keys))
    serials = [f"  {block.serial.lower().replace('-', ' – ')} " for block in blocks]
    numbers = [random.randint(block.start, block.end) for block in blocks[: LOOKUPS // 4]]
    return [
        *((lambda serial=serial: _traced(serial)) for serial in serials),
        *((lambda number=number: list(blocks_with_number(number)[:20])) for number in numbers),
    ]


def _traced(serial: str) -> object:
    found = TraceOutput(traces_of(serial), many=True).data
    assert found, serial
    return found


def admin_lists() -> list[Callable[[], object]]:
    """Staff's lists of blocks and entries: as they open, filtered, and searched."""
    random = Random(2)
    boss = get_user_model()(is_staff=True, is_superuser=True, is_active=True)
    newest = SerialBlock.objects.latest("pk").pk
    serials = [SerialBlock.objects.get(pk=random.randint(1, newest)).serial for _look in range(20)]
    asked = [
        *((SerialBlock, query) for query in ({}, {"p": "50"}, {"state__exact": "retired"})),
        *((SerialBlock, {"q": serial}) for serial in serials),
        *((SerialBlock, {"q": f"VCS-{random.randint(1, 999)}"}) for _look in range(20)),
        *((RegistryEntry, query) for query in ({}, {"p": "50"}, {"kind__exact": "issuance"})),
        *((RegistryEntry, {"q": f"benchmark {random.randint(1, 999)}"}) for _look in range(20)),
        *((RegistryEntry, {"q": f"VCS-{random.randint(1, 999)}"}) for _look in range(20)),
    ]

    def fetched(model: type[SerialBlock | RegistryEntry], query: dict[str, str]) -> object:
        request = RequestFactory().get("/", query)
        request.user = boss
        return list(admin.site._registry[model].get_changelist_instance(request).result_list)

    return [(lambda model=model, query=query: fetched(model, query)) for model, query in asked]


def p95_ms(calls: Sequence[Callable[[], object]]) -> float:
    """The 95th percentile of how long they take, after each has been called once.

    The first call of each is that whose plans are looked at.
    """
    for call in calls:
        with CaptureQueriesContext(connection) as queries:
            call()
        for query in queries.captured_queries:
            _check_plan(query["sql"])
    times_ms = []
    for call in calls:
        started_s = time.perf_counter()
        call()
        times_ms.append((time.perf_counter() - started_s) * 1_000)
    return rounded(quantiles(times_ms, n=20)[-1])


def _check_plan(sql: str) -> None:
    if not sql.lstrip().upper().startswith("SELECT"):
        return
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%") if "%" in sql else "EXPLAIN " + sql)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    scans = [table for table in BIG_TABLES if f"Seq Scan on {table}" in plan]
    assert not scans, f"{sql}\n{plan}"

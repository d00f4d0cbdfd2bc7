"""How fast serials are found and staff's lists open, on a registry of a million blocks.

Serials are looked up as the API does; every list of the registry that grows is opened, paged,
filtered and searched, as a query and as the page that a browser gets. No plan may read all of a
big table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from statistics import quantiles
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import HistoryEntry, SavedFilter
from apps.registry.api.serials import TraceOutput
from apps.registry.models import (
    ImportChange,
    ImportRefusal,
    ImportRun,
    Project,
    RegistryEntry,
    SerialBlock,
)
from apps.registry.selectors import blocks_with_number, traces_of
from benchmarks.figures import Figure, rounded

LOOKUPS: Final = 400
SEARCHES: Final = 20
BIG_TABLES: Final = tuple(
    model._meta.db_table for model in (SerialBlock, RegistryEntry, ImportChange, ImportRefusal)
)
# As many rows of what an import of new blocks does not write.
_OTHERS: Final = (
    """
    INSERT INTO registry_registryentry (registry_id, project_id, kind, reference, quantity_grams,
        year, beneficiary, reason, details, labels, created_at)
    SELECT p.registry_id, p.id, 'issuance', 'benchmark ' || n, n, 2000 + n %% 25, '', '', '', '{}',
        now()
    FROM generate_series(1, %s) n JOIN registry_project p ON p.id = (
        SELECT min(id) + n %% 1000 FROM registry_project)
    """,
    """
    INSERT INTO registry_importchange (run_id, line, subject, subject_id, name, field, before,
        after)
    SELECT r.id, b.id, 'block', b.id, b.serial, 'state', 'issued', 'retired'
    FROM (SELECT max(id) AS id FROM registry_importrun) r, registry_serialblock b
    WHERE b.id <= (SELECT min(id) + %s FROM registry_serialblock)
    """,
    """
    INSERT INTO registry_importrefusal (run_id, line, code, message, text)
    SELECT r.id, n, 'value_date', 'No date.', 'text'
    FROM (SELECT max(id) AS id FROM registry_importrun) r, generate_series(1, %s) n
    """,
)
Asked = tuple[type[Model], dict[str, str]]


def fill_other_tables(rows: int) -> None:
    """Entries without serials, change records and refused lines, that their lists are as long."""
    with connection.cursor() as cursor:
        for statement in _OTHERS:
            cursor.execute(statement, (rows,))
        cursor.execute("ANALYZE")


def look_figures() -> list[Figure]:
    boss = get_user_model().objects.create_superuser("benchmark@example.com")
    for number in range(10):
        SavedFilter.objects.create(
            user=boss, model="registry.serialblock", name=str(number), query="state=issued"
        )
    asked = list(lists_asked())
    return [
        Figure("serial_p95_ms", p95_ms(serial_lookups()), "ms"),
        Figure("admin_list_p95_ms", p95_ms([_fetched(boss, *one) for one in asked]), "ms"),
        Figure("admin_page_p95_ms", p95_ms(_pages(boss, asked)), "ms"),
    ]


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


def lists_asked() -> Iterator[Asked]:
    """Every list of the registry that grows: as it opens, further on, filtered, searched."""
    random = Random(2)
    newest = SerialBlock.objects.latest("pk").pk
    run = str(ImportRun.objects.latest("pk").pk)
    for model in (SerialBlock, RegistryEntry, ImportChange, ImportRefusal, Project, HistoryEntry):
        yield model, {}
    for model in (SerialBlock, RegistryEntry, ImportChange, ImportRefusal):
        yield model, {"p": "50"}
    yield ImportRun, {}
    yield ImportRun, {"kind__exact": "transactions"}
    for state in ("issued", "retired", "immobilised"):
        yield SerialBlock, {"state__exact": state}
    yield RegistryEntry, {"kind__exact": "issuance"}
    yield ImportChange, {"run": run}
    yield ImportRefusal, {"run": run}
    for _search in range(SEARCHES):
        serial = SerialBlock.objects.get(pk=random.randint(1, newest)).serial
        project = f"VCS-{random.randint(1, 999)}"
        yield RegistryEntry, {"q": f"benchmark {random.randint(1, 999)}"}
        for model in (SerialBlock, ImportChange):
            yield model, {"q": serial}
        for model in (SerialBlock, RegistryEntry, Project):
            yield model, {"q": project}


def _fetched(boss: Any, model: type[Model], query: dict[str, str]) -> Callable[[], object]:
    def fetch() -> object:
        request = RequestFactory().get("/", query)
        request.user = boss
        return list(admin.site._registry[model].get_changelist_instance(request).result_list)

    return fetch


def _pages(boss: Any, asked: Sequence[Asked]) -> list[Callable[[], object]]:
    client = Client(headers={"host": "localhost"})
    client.force_login(boss)

    def page(model: type[Model], query: dict[str, str]) -> object:
        meta = model._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        answer = client.get(f"{url}?{urlencode(query)}")
        assert answer.status_code == 200, (url, query, answer.status_code)
        return answer

    return [(lambda model=model, query=query: page(model, query)) for model, query in asked]


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

"""A bulk order of 100,000 lines from its file to its plan, as a worker does it.

The books are those of `bulk_books`, as rows; the lines have 40 sets of constraints. Times are of
this process with the database beside it, memory is the whole worker's, with Django and the solver.
"""

from __future__ import annotations

import csv
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.core.files import File
from django.test.utils import override_settings
from openpyxl import Workbook

from apps.accounts.models import Asset, User
from apps.accounts.services.users import user_create
from apps.orderbook.models import BulkOrder, Level, Product
from apps.orderbook.models.enums import Side
from apps.orderbook.services.bulk_orders import bulk_order_create
from apps.orderbook.services.bulk_work import bulk_work
from apps.registry.models import CreditClass, Project, Registry
from benchmarks.bulk_books import SHAPES, TONNE, problem_of
from benchmarks.figures import Figure, rounded

LINES: Final = 100_000
SETS: Final = 40
READ_S_MAX: Final = 30
PLAN_S_MAX: Final = 10
_COUNTRIES: Final = ("AR", "BR", "CN", "DE", "IN", "KE", "PE", "US")
_HEADER: Final = (
    "quantity", "unit", "beneficiary", "message", "period_from", "period_to", "country",
    "cost_centre", "project_country", "vintage_from", "max_price",
)  # fmt: skip


def measure() -> list[Figure]:
    """Seconds for reading and for planning, from CSV and from XLSX, and the worker's memory."""
    person = user_create(email="bulk@example.com", email_verified=True)
    books_make()
    with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder):
        csv_s, plan_s = _worked(_csv(Path(folder)), person)
        xlsx_s, _plan_s = _worked(_xlsx(Path(folder)), person)
    assert max(csv_s, xlsx_s) < READ_S_MAX, (csv_s, xlsx_s)
    assert plan_s < PLAN_S_MAX, plan_s
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure("bulk_read_csv", rounded(csv_s), "s"),
        Figure("bulk_read_xlsx", rounded(xlsx_s), "s"),
        Figure("bulk_plan_100k", rounded(plan_s), "s"),
        Figure("bulk_rss_mb", rounded(rss_mb), "MB"),
    ]


def books_make() -> None:
    """The widest of the written-down books as markets of classes in eight countries."""
    registry, _ = Registry.objects.get_or_create(code="VCS", defaults={"name": "Verra"})
    quote, _ = Asset.objects.get_or_create(code="USDC", defaults={"kind": Asset.Kind.CASH})
    for market in problem_of(SHAPES[-1]).markets:
        number, year = 900_000 + market.project, 2015 + market.key % 10
        project, _ = Project.objects.get_or_create(
            code=f"VCS-{number}",
            defaults={
                "registry": registry,
                "registry_project_id": str(number),
                "name": f"Project {number}",
                "country": _COUNTRIES[market.project % len(_COUNTRIES)],
            },
        )
        code = f"{project.code}-{year}"
        asset = Asset.objects.create(code=code, kind=Asset.Kind.CREDIT)
        CreditClass.objects.create(project=project, year=year, code=code, asset=asset)
        product = Product.objects.create(
            code=f"{code}-USDC", base=asset, quote=quote, price_increment=10_000,
            size_increment=1_000, size_min=1_000, size_max=10_000 * TONNE,
        )  # fmt: skip
        Level.objects.bulk_create(
            Level(product=product, side=Side.SELL, price=price, size=size, orders=1)
            for price, size in market.levels
        )


def rows() -> Iterator[tuple[object, ...]]:
    """The lines, of one and a half tonnes on average."""
    chance = random.Random(7)
    sets = [
        (chance.choice(_COUNTRIES), chance.randint(2015, 2019), chance.choice(("", "", 9, 15)))
        for _ in range(SETS)
    ]
    for number in range(LINES):
        country, year, price = sets[number % SETS]
        amount = f"{chance.randint(1, 3_000_000) / 1000:.3f}"
        yield (
            amount, "kg", f"Site {number % 977}", "Business travel and freight", "2025-01-01",
            "2025-12-31", "DE", f"CC-{number % 89}", country, year, price,
        )  # fmt: skip


def _csv(folder: Path) -> Path:
    path = folder / "lines.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        writer.writerows(rows())
    return path


def _xlsx(folder: Path) -> Path:
    path = folder / "lines.xlsx"
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Lines")
    sheet.append(list(_HEADER))
    for amount, *rest in rows():
        sheet.append([float(str(amount)), *rest])
    book.save(path)
    return path


def _worked(path: Path, person: User) -> tuple[float, float]:
    """Seconds that reading and planning took."""
    with path.open("rb") as file:
        order = bulk_order_create(
            owner=person.owner, by=person, file=File(file, path.name), name=path.name,
            quote=Asset.objects.get(code="USDC"), project_max_bps=1_000,
        )  # fmt: skip
    began_s = time.perf_counter()
    bulk_work(order_id=order.pk)
    took_s = time.perf_counter() - began_s
    order.refresh_from_db()
    assert order.state == BulkOrder.State.PLANNED, (order.state, order.failure_code)
    assert order.lines.count() == LINES
    plan = order.plans.get()
    print(f"  {path.name}: {took_s:.1f} s, of {order.grams / TONNE:,.0f} t {plan.filled:,} g")
    return took_s - plan.took_ms / 1000, plan.took_ms / 1000

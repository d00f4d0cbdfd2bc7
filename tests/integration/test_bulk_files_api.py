"""A bulk order's file as the body of a request, what it gives back, and files of no order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.acting import ALL_SCOPES, TRADE
from apps.orderbook.api.bulk_files import CSV, XLSX
from apps.orderbook.models import BulkOrder
from apps.orderbook.services.bulk_orders import ORPHAN_AGE, bulk_file_keep
from apps.orderbook.tasks import bulk_files_forget
from tests.support.api import Bot, bot_of
from tests.support.bulk_orders import cash, file_of, market_of, order_make, worked
from tests.support.factories import user_make
from tests.support.pages import downloaded
from tests.support.workbooks import table, write_workbook

pytestmark = pytest.mark.django_db(transaction=True)

State = BulkOrder.State
TO = "/bulk-orders?name=Travel&quote=USDC"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> Path:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def bot() -> Bot:
    cash()
    return bot_of(user_make())


def kept(files: Path) -> list[str]:
    return sorted(path.name for path in files.rglob("*") if path.is_file())


def test_a_file_of_more_lines_than_json_takes_is_read_and_planned(bot: Bot) -> None:
    market_of(1, 2021, (2, 3))
    lines = file_of(*({"tonnes": "0.001", "message": "x" * 500} for _ in range(6_000)))
    assert len(lines) > 3_000_000
    to = f"{TO}&total_max=12.5&project_max_bps=5000"
    answer = bot.send(to, lines, f"{CSV}; charset=utf-8")
    assert (answer.status_code, answer.json()["total_max"]) == (201, "12.5")
    order = worked(BulkOrder.objects.get())
    assert (order.state, order.lines_count, order.project_max_bps) == (State.PLANNED, 6_000, 5_000)
    assert Path(order.file.path).read_bytes() == lines


def test_a_workbook_and_its_report_to_correct(bot: Bot, tmp_path: Path) -> None:
    rows = table({"tonnes": 1, "beneficiary": "A"}, {"tonnes": -1, "beneficiary": "B"})
    book = write_workbook(tmp_path / "lines.xlsx", {"Lines": rows})
    answer = bot.send(TO, book.read_bytes(), XLSX)
    path = f"/bulk-orders/{answer.json()['id']}"
    assert bot.get(f"{path}/report").json()["code"] == "report_not_found"
    assert worked(BulkOrder.objects.get()).state == State.REFUSED
    report = bot.get(f"{path}/report", Accept=CSV)
    assert report["Content-Type"].startswith(CSV)
    header, first, second = downloaded(report).splitlines()
    assert header.lstrip("\ufeff").startswith("problem,")
    assert (first.startswith(","), "B" in second, second.startswith(",")) == (True, True, False)
    assert len(downloaded(bot.get(f"{path}/lines")).splitlines()) == 1
    stranger = bot_of(user_make())
    for name in ("report", "lines"):
        assert stranger.get(f"{path}/{name}").json()["code"] == "bulk_order_not_found"


def test_a_repeated_key_gives_the_first_order_and_another_file_under_it_is_refused(
    bot: Bot, files: Path
) -> None:
    key = {"Idempotency-Key": "travel"}
    first, again = (bot.send(TO, file_of({}), CSV, **key) for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())
    for to, body in ((TO, file_of({}, {})), (f"{TO}&total_max=5", file_of({}))):
        other = bot.send(to, body, CSV, **key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert kept(files) == [Path(BulkOrder.objects.get().file.name).name]


@pytest.mark.parametrize(
    ("to", "body", "status", "code"),
    [
        (TO, b"", 400, "invalid_request"),
        ("/bulk-orders?quote=USDC", b"x", 400, "invalid_request"),
        ("/bulk-orders?name=A&quote=NONE", b"x", 404, "currency_not_found"),
        (f"{TO}&removals_min_bps=10001", b"x", 400, "invalid_request"),
        (TO, b"x" * 1_001, 413, "body_too_large"),
    ],
)
def test_what_is_not_an_order_keeps_no_file(
    bot: Bot, files: Path, settings: Any, to: str, body: bytes, status: int, code: str
) -> None:
    settings.BODY_BYTES_MAX = 1_000
    answer = bot.send(to, body, CSV)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (kept(files), BulkOrder.objects.count()) == ([], 0)


def test_a_key_that_may_not_trade_brings_nothing(files: Path) -> None:
    cash()
    bot = bot_of(user_make(), scopes=ALL_SCOPES - {TRADE})
    assert bot.send(TO, file_of({}), CSV).json()["code"] == "scope_missing"
    assert kept(files) == []


def test_a_file_that_no_order_was_made_from_goes_after_a_day(files: Path) -> None:
    order = order_make(file_of({}))
    old, young = (bulk_file_keep(file=SimpleUploadedFile(n, b"x")) for n in ("old.csv", "new.csv"))
    for name in (order.file.name, old.stored):
        path = files / name
        aged = path.stat().st_mtime - ORPHAN_AGE.total_seconds() - 60
        os.utime(path, (aged, aged))
    bulk_files_forget()
    assert kept(files) == sorted([Path(order.file.name).name, Path(young.stored).name])

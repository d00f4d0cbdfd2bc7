"""A newer file: what it changes is recorded, blocks are cut where it cuts them, alarms open."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from structlog.testing import capture_logs

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.registry.models import (
    CustodyAlarm,
    CustodyReceipt,
    ImportChange,
    Project,
    SerialBlock,
)
from apps.registry.services.alarms import custody_alarm_close
from apps.registry.services.custody import custody_receipt_propose
from apps.registry.services.imports import ImportOutcome, import_run
from tests.support.exports import GS_SERIES, gs_ended, gs_issued, isometric_issued, write_rows
from tests.support.factories import client_of, owner_make, staff_make, user_make
from tests.support.registry import broken_invariants, receive
from tests.support.verra import row, serial, write_export

pytestmark = pytest.mark.django_db

ENDED = {"Retirement/Cancellation Date": "2026-04-13", "Retirement Beneficiary": "G Silva"}


@pytest.fixture
def verra(tmp_path: Path):
    def run(*rows: dict[str, str], **options: object) -> ImportOutcome:
        path = write_export(tmp_path / "transactions.csv", *rows)
        return import_run(path=path, **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def other(tmp_path: Path):
    def run(*rows: dict[str, str]) -> ImportOutcome:
        return import_run(path=write_rows(tmp_path / "export.csv", *rows))

    return run


def changes() -> list[tuple[str, str, str, str]]:
    return list(ImportChange.objects.values_list("subject", "field", "before", "after"))


def blocks() -> list[tuple[int, int, str]]:
    return list(SerialBlock.objects.order_by("start").values_list("start", "end", "state"))


def close_checks_at_commit() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def test_what_is_new_is_no_change(verra) -> None:
    verra(row(1, 10), row(11, 20, **ENDED))
    assert changes() == []


def test_a_retirement_in_a_newer_file_is_recorded_field_by_field(verra) -> None:
    verra(row(1, 10))
    heard: list[ImportChange] = []
    verra(row(1, 10, **ENDED), changed=heard.append)
    assert changes() == [
        ("block", "retired_on", "", "2026-04-13"),
        ("block", "retirement_beneficiary", "", "G Silva"),
        ("block", "state", "issued", "retired"),
    ]
    assert [str(change) for change in heard] == [str(c) for c in ImportChange.objects.all()]
    block = SerialBlock.objects.get()
    assert {(change.subject_id, change.name, change.line) for change in heard} == {
        (block.pk, block.serial, 2)
    }
    verra(row(1, 10, **ENDED))
    assert len(changes()) == 3, "the same file again changes nothing"


def test_other_facts_of_a_project_and_a_larger_vintage_are_recorded(verra) -> None:
    verra(row(1, 10, **{"Total Vintage Quantity": "10"}))
    verra(row(11, 20, Name="Genneia Wind", **{"Total Vintage Quantity": "20"}))
    assert changes() == [
        ("project", "name", "GENNEIA WIND PROJECTS IN ARGENTINA", "Genneia Wind"),
        ("vintage", "issued_tonnes", "10", "20"),
    ]


def test_what_changes_of_an_entry_is_recorded(other) -> None:
    other(isometric_issued())
    other(
        isometric_issued(
            **{
                "credit_batch_size_total.credits": "2711",
                "credit_batch_size_total.credit_kgs": "2711000",
            }
        )
    )
    assert changes() == [("entry", "quantity_grams", "2710062000", "2711000000")]


def test_a_dry_run_tells_the_changes_and_keeps_none(verra) -> None:
    verra(row(1, 10))
    heard: list[ImportChange] = []
    verra(row(1, 10, **ENDED), is_dry_run=True, changed=heard.append)
    assert len(heard) == 3
    assert changes() == []
    assert blocks() == [(1, 10, "issued")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry_importchange SET after = ''",
        "DELETE FROM registry_importchange",
        "UPDATE registry_custodyalarm SET serial = ''",
        "DELETE FROM registry_custodyalarm",
    ],
)
def test_the_database_refuses_to_rewrite_history(verra, statement: str) -> None:
    verra(row(1, 10), row(11, 20))
    receive(SerialBlock.objects.get(start=1), owner_make())
    verra(row(1, 10, **ENDED), row(11, 20, **ENDED))
    assert ImportChange.objects.exists()
    assert CustodyAlarm.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_block_that_was_retired_in_part_is_cut_in_a_newer_file(verra) -> None:
    verra(row(1, 100))
    before = SerialBlock.objects.get()
    outcome = verra(row(1, 40, **ENDED), row(41, 100))
    assert (outcome.accepted, outcome.refused) == (2, 0)
    assert blocks() == [(1, 40, "retired"), (41, 100, "issued")]
    first, rest = SerialBlock.objects.order_by("start")
    assert (first.pk, first.base) == (before.pk, before.base)
    assert rest.base == before.base + 40 * 1_000_000
    assert (first.serial, rest.serial) == (serial(1, 40), serial(41, 100))
    cuts = ImportChange.objects.filter(field="serial").order_by("name")
    assert [(c.before, c.after) for c in cuts] == [
        (serial(1, 100), serial(1, 40)),
        (serial(1, 100), serial(41, 100)),
    ]
    close_checks_at_commit()
    assert verra(row(1, 40, **ENDED), row(41, 100)).unchanged == 2
    assert broken_invariants() == []


def test_what_no_row_speaks_of_stays_a_piece_of_its_own(verra) -> None:
    verra(row(1, 100))
    verra(row(31, 40, **ENDED), row(61, 70))
    close_checks_at_commit()
    assert blocks() == [
        (1, 30, "issued"),
        (31, 40, "retired"),
        (41, 60, "issued"),
        (61, 70, "issued"),
        (71, 100, "issued"),
    ]
    assert SerialBlock.objects.get(start=41).serial == serial(41, 60)


def test_a_row_over_several_known_blocks_is_refused(verra) -> None:
    verra(row(1, 40), row(41, 100))
    assert verra(row(1, 100)).refused == 1
    assert verra(row(30, 50)).refused == 1
    assert blocks() == [(1, 40, "issued"), (41, 100, "issued")]


def test_of_rows_that_cut_differently_or_not_at_all_the_earlier_stays(verra) -> None:
    verra(row(1, 100))
    assert verra(row(1, 100), row(1, 40, **ENDED)).refused == 1
    assert blocks() == [(1, 100, "issued")]
    outcome = verra(row(1, 40), row(30, 60), row(41, 50), row(1, 100), row(41, 50))
    assert (outcome.accepted, outcome.unchanged, outcome.refused) == (2, 1, 2)
    assert blocks() == [(1, 40, "issued"), (41, 50, "issued"), (51, 100, "issued")]


def test_a_block_that_somebody_proposes_to_receive_is_not_cut(verra) -> None:
    verra(row(1, 100))
    by = staff_make(("add", CustodyReceipt))
    block = SerialBlock.objects.get()
    custody_receipt_propose(block=block, owner=owner_make(), registry_reference="T-1", by=by)
    codes: list[str] = []
    verra(row(1, 40), report=lambda refusal: codes.append(refusal.code))
    assert codes == ["block_receiving"]
    assert blocks() == [(1, 100, "issued")]


def test_the_pieces_of_a_cut_retire_with_the_endings_known_before(other) -> None:
    other(gs_issued(1, 30))
    other(gs_ended(1, 10))
    other(gs_issued(11, 30))
    assert blocks() == [(1, 10, "retired"), (11, 30, "issued")]


def test_the_database_refuses_a_cut_that_loses_serials(verra) -> None:
    verra(row(1, 100))

    def lose() -> None:
        with transaction.atomic():
            SerialBlock.objects.update(end=40)
            close_checks_at_commit()

    with pytest.raises(DatabaseError, match="pieces"):
        lose()
    assert blocks() == [(1, 100, "issued")]


def test_a_retirement_of_what_we_hold_opens_one_alarm_and_says_so_in_the_log(
    verra, django_capture_on_commit_callbacks
) -> None:
    verra(row(1, 10))
    receive(SerialBlock.objects.get(), owner_make())
    with capture_logs() as logs, django_capture_on_commit_callbacks(execute=True):
        verra(row(1, 10, **ENDED))
    [alarm] = CustodyAlarm.objects.all()
    assert (alarm.serial, alarm.line, str(alarm.ended_on)) == (serial(1, 10), 2, "2026-04-13")
    assert (alarm.grams.lower, alarm.grams.upper) == (alarm.block.base, alarm.block.base + 10**7)
    [line] = [line for line in logs if line["event"] == "custody_alarm_opened"]
    assert (line["log_level"], line["serial"]) == ("error", alarm.serial)
    with capture_logs() as logs, django_capture_on_commit_callbacks(execute=True):
        verra(row(1, 10, **ENDED))
    assert CustodyAlarm.objects.count() == 1, "while one is open there is no second one"
    assert "custody_alarm_opened" not in {line["event"] for line in logs}
    assert broken_invariants() == []


def test_a_retirement_of_a_part_of_what_we_hold_is_an_alarm_for_that_part(verra) -> None:
    verra(row(1, 10))
    receive(SerialBlock.objects.get(), owner_make())
    outcome = verra(row(1, 4, **ENDED), row(5, 10))
    assert (outcome.accepted, outcome.unchanged, outcome.refused) == (0, 1, 1)
    [alarm] = CustodyAlarm.objects.all()
    assert alarm.grams.upper - alarm.grams.lower == 4_000_000
    assert blocks() == [(1, 10, "immobilised")]


def test_an_ending_of_a_separate_file_opens_an_alarm_for_each_block_it_reaches(other) -> None:
    other(gs_issued(1, 10), gs_issued(11, 20), gs_issued(21, 30))
    for block in SerialBlock.objects.order_by("start")[:2]:
        receive(block, owner_make())
    assert other(gs_ended(5, 25)).refused == 1
    alarms = CustodyAlarm.objects.order_by("grams")
    assert [(a.grams.upper - a.grams.lower) // 10**6 for a in alarms] == [6, 10]
    assert {a.serial for a in alarms} == {f"{GS_SERIES}-5-25"}


def test_a_dry_run_opens_no_alarm(verra) -> None:
    verra(row(1, 10))
    receive(SerialBlock.objects.get(), owner_make())
    assert verra(row(1, 10, **ENDED), is_dry_run=True).refused == 1
    assert not CustodyAlarm.objects.exists()


@pytest.fixture
def alarm(verra) -> CustodyAlarm:
    verra(row(1, 10))
    receive(SerialBlock.objects.get(), owner_make())
    verra(row(1, 10, **ENDED))
    return CustodyAlarm.objects.get()


def test_staff_close_an_alarm_once_with_what_they_found(alarm: CustodyAlarm, verra) -> None:
    by = staff_make(("change", CustodyAlarm))
    with pytest.raises(ServiceError, match="what you found"):
        custody_alarm_close(alarm=alarm, by=by, note=" ")
    with pytest.raises(NotPermitted):
        custody_alarm_close(alarm=alarm, by=staff_make(), note="Looked")
    closed = custody_alarm_close(alarm=alarm, by=by, note="Their mistake, corrected")
    assert (closed.closed_by, closed.note) == (by, "Their mistake, corrected")
    with pytest.raises(Conflict):
        custody_alarm_close(alarm=alarm, by=by, note="Again")
    with pytest.raises(DatabaseError), transaction.atomic():
        CustodyAlarm.objects.update(note="Something else")
    verra(row(1, 10, **ENDED))
    assert CustodyAlarm.objects.count() == 2, "a later file that says the same opens a new one"


def test_the_first_page_of_the_admin_shows_open_alarms(alarm: CustodyAlarm) -> None:
    said = "called retired or cancelled by its registry"
    seen = client_of(staff_make(("view", CustodyAlarm))).get(reverse("admin:index"))
    assert said in seen.content.decode()
    other = client_of(staff_make(("view", Project))).get(reverse("admin:index"))
    assert said not in other.content.decode()
    custody_alarm_close(alarm=alarm, by=staff_make(("change", CustodyAlarm)), note="Looked")
    again = client_of(staff_make(("view", CustodyAlarm))).get(reverse("admin:index"))
    assert said not in again.content.decode()


def test_an_alarm_is_closed_in_the_admin(alarm: CustodyAlarm) -> None:
    boss = user_make(is_staff=True, is_superuser=True)
    for page, args in (("changelist", ()), ("change", (alarm.pk,))):
        url = reverse(f"admin:registry_custodyalarm_{page}", args=args)
        assert client_of(boss).get(url).status_code == 200
    url = reverse("admin:registry_custodyalarm_close_alarm", args=(alarm.pk,))
    client_of(boss).post(url, {"_form_submitted": "on", "note": "Their mistake"})
    alarm.refresh_from_db()
    assert alarm.closed_by == boss


def test_changes_are_shown_in_the_admin(verra) -> None:
    verra(row(1, 10))
    verra(row(1, 10, **ENDED))
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    answer = boss.get(reverse("admin:registry_importchange_changelist"))
    assert "retirement_beneficiary" in answer.content.decode()

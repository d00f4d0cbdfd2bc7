"""What a registry says that our account holds, compared with our books, gram by gram."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import User
from apps.registry.models import (
    CustodyDifference,
    CustodyReceipt,
    CustodyStatement,
    CustodyStatementLine,
    RegistryRetirement,
    SerialBlock,
)
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from apps.registry.services.differences import difference_block
from apps.registry.services.statements import statement_compare, statement_import
from apps.registry.services.withdrawals import withdrawal_request
from apps.registry.tasks import custody_compare
from tests.support.custody import confirm
from tests.support.factories import client_of, owner_make, staff_make
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make
from tests.support.retiring import retire
from tests.support.statements import SERIAL, statement_write
from tests.support.verra import row, write_export

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def splitter() -> User:
    return staff_make(("change", SerialBlock))


def compared(folder: Path, *runs: Any, name: str = "holdings.csv", **given: Any) -> list[Any]:
    """What differs from a statement of these runs, as kind, first, last and reason."""
    statement = statement_import(path=statement_write(folder / name, *runs), **given)
    return differences(statement)


def differences(statement: CustodyStatement) -> list[tuple[str, str, str]]:
    return [(d.kind, d.serial, d.because) for d in statement.differences.all()]


def serial(first: int, last: int) -> str:
    return SERIAL.format(first, last)


def test_the_same_serials_agree_in_whatever_rows_either_side_has_them(tmp_path: Path) -> None:
    holder_make(block_make(1, 10), block_make(11, 5), block_make(101, 3))
    assert compared(tmp_path, (103, 103), (4, 12), (1, 3), (13, 15), (101, 102)) == []
    statement = CustodyStatement.objects.get()
    assert (statement.rows, statement.tonnes, statement.agreed_tonnes) == (5, 18, 18)


def test_what_only_we_have_is_missing_and_a_part_of_it_changed(tmp_path: Path) -> None:
    holder_make(block_make(1, 10), block_make(101, 3))
    assert compared(tmp_path, (1, 3), (7, 9)) == [
        ("changed", serial(4, 6), ""),
        ("changed", serial(10, 10), ""),
        ("missing", serial(101, 103), ""),
    ]
    assert CustodyStatement.objects.get().agreed_tonnes == 6


def test_what_only_the_statement_has_is_extra(tmp_path: Path) -> None:
    holder_make(block_make(1, 10))
    block_make(11, 10)
    assert compared(tmp_path, (1, 12), (51, 60)) == [
        ("extra", serial(11, 12), "issued"),
        ("extra", serial(51, 60), "unknown"),
    ]


def test_serials_of_a_series_that_nobody_knows_are_found_once_they_are_imported(
    tmp_path: Path,
) -> None:
    assert compared(tmp_path, (1, 10)) == [("extra", serial(1, 10), "unknown")]
    holder_make(block_make(1, 10))
    statement = statement_compare(statement=CustodyStatement.objects.get())
    assert differences(statement) == []
    assert statement.agreed_tonnes == 10


def test_what_is_on_its_way_says_why_it_differs(tmp_path: Path) -> None:
    owner, credit_class = holder_make(block_make(1, 10))
    retire(owner, credit_class, 2 * TONNE)
    withdrawal_request(
        owner=owner,
        credit_class=credit_class,
        tonnes=3,
        registry_account="1",
        account_name="A",
        idempotency_key="w",
    )
    assert compared(tmp_path, (6, 8)) == [
        ("changed", serial(1, 2), "retirement"),
        ("changed", serial(3, 5), "withdrawal"),
        ("changed", serial(9, 10), ""),
    ]


def test_what_was_received_after_the_statement_is_not_held_against_it(tmp_path: Path) -> None:
    holder_make(block_make(1, 10))
    yesterday = timezone.now().date() - timedelta(days=1)
    assert compared(tmp_path, (51, 51), as_of=yesterday) == [
        ("extra", serial(51, 51), "unknown"),
        ("missing", serial(1, 10), "received"),
    ]


def test_what_the_registry_retired_for_us_is_no_longer_ours(tmp_path: Path) -> None:
    owner, credit_class = holder_make(block_make(1, 10))
    retire(owner, credit_class, 2 * TONNE)
    assert compared(tmp_path, (3, 10)) == [("changed", serial(1, 2), "retirement")]
    confirm(RegistryRetirement.objects.get())
    assert differences(statement_compare(statement=CustodyStatement.objects.get())) == []
    # Another day the registry lists them again, which only it can explain.
    again = compared(tmp_path, (1, 10), name="later.csv")
    assert again == [("extra", serial(1, 2), "retired")]


def test_every_hour_it_is_compared_with_what_we_hold_by_then(tmp_path: Path) -> None:
    owner, credit_class = holder_make(block_make(1, 10))
    assert compared(tmp_path, (3, 10)) == [("changed", serial(1, 2), "")]
    retire(owner, credit_class, 2 * TONNE)
    custody_compare()
    assert differences(CustodyStatement.objects.get()) == [("changed", serial(1, 2), "retirement")]


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    holder_make(block_make(1, 10))
    path = statement_write(tmp_path / "holdings.csv", (1, 8))
    first = statement_import(path=path)
    before = list(CustodyDifference.objects.values())
    assert statement_import(path=path) == first
    assert CustodyStatementLine.objects.count() == 1
    assert list(CustodyDifference.objects.values()) == before


def test_only_our_sub_accounts_count(tmp_path: Path) -> None:
    holder_make(block_make(1, 10))
    runs = ((1, 6, "9464"), (7, 10, "10003"), (11, 20, "777"))
    assert compared(tmp_path, *runs, accounts="10003, 9464") == []
    assert CustodyStatement.objects.get().rows == 2


@pytest.mark.parametrize("runs", [((1, 5), (5, 6)), ((7, 9), (1, 3), (1, 3)), ((1, 9), (2, 3))])
def test_a_serial_that_is_listed_twice_stops_it(tmp_path: Path, runs: Any) -> None:
    with pytest.raises(ServiceError) as caught:
        compared(tmp_path, *runs)
    assert caught.value.code == "statement_twice"
    assert not CustodyStatement.objects.exists()


def test_half_a_statement_is_none(tmp_path: Path) -> None:
    path = statement_write(tmp_path / "holdings.csv", (1, 5), (6, 9))
    text = path.read_text(encoding="utf-8-sig").replace(serial(6, 9), "19370-6-x-VCS")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ServiceError, match="Line 3") as caught:
        statement_import(path=path)
    assert caught.value.code == "statement_row"
    assert not CustodyStatement.objects.exists()


def test_another_file_of_the_registry_is_no_statement(tmp_path: Path) -> None:
    with pytest.raises(ServiceError) as caught:
        statement_import(path=write_export(tmp_path / "vcus.csv", row(1, 10)))
    assert caught.value.code == "statement_kind"


# ------------------------------------------------------------------ from a difference to a receipt


def test_a_part_of_a_block_is_split_off_to_be_received(tmp_path: Path, splitter: User) -> None:
    block_make(1, 10)
    compared(tmp_path, (4, 6))
    [difference] = CustodyDifference.objects.all()
    block = difference_block(difference=difference, by=splitter)
    assert (block.start, block.end) == (4, 6)
    assert [(b.start, b.end) for b in SerialBlock.objects.order_by("start")] == [
        (1, 3),
        (4, 6),
        (7, 10),
    ]
    receipt = custody_receipt_propose(
        block=block,
        owner=owner_make(),
        registry_reference=str(difference.statement),
        by=staff_make(("add", CustodyReceipt)),
    )
    by = staff_make(("change", CustodyReceipt))
    custody_receipt_decide(proposal=receipt, decision="approved", by=by)
    assert differences(statement_compare(statement=difference.statement)) == []
    assert broken_invariants() == []


def test_what_nobody_knows_or_we_lack_cannot_be_received(tmp_path: Path, splitter: User) -> None:
    holder_make(block_make(1, 10))
    compared(tmp_path, (1, 3), (51, 60))
    for difference in CustodyDifference.objects.all():
        with pytest.raises(Conflict) as caught:
            difference_block(difference=difference, by=splitter)
        assert caught.value.code == "not_receivable"


# ------------------------------------------------------------------ the command and the admin


def test_the_command_prints_each_difference_and_fails(tmp_path: Path, capsys: Any) -> None:
    holder_make(block_make(1, 10))
    path = statement_write(tmp_path / "holdings.csv", (1, 8), (51, 60))
    with pytest.raises(SystemExit) as caught:
        call_command("reconcile_custody", str(path), "--as-of", "2026-05-04")
    assert caught.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3].startswith(f"changed 2 t {serial(9, 10)}")
    assert lines[-2].startswith(f"extra 10 t {serial(51, 60)} (No such block is known")
    assert lines[-1].endswith("2026-05-04 holdings.csv: rows 2 tonnes 18 agreed 8 differences 2")


def test_the_command_compares_the_newest_statements_without_a_file(
    tmp_path: Path, capsys: Any
) -> None:
    holder_make(block_make(1, 10))
    with pytest.raises(SystemExit):
        call_command("reconcile_custody", str(statement_write(tmp_path / "a.csv", (1, 8))))
    call_command("reconcile_custody", str(statement_write(tmp_path / "b.csv", (1, 10))))
    capsys.readouterr()
    call_command("reconcile_custody")
    [line] = [line for line in capsys.readouterr().out.splitlines() if "differences" in line]
    assert line.endswith("b.csv: rows 1 tonnes 10 agreed 10 differences 0")


def test_the_command_refuses_what_is_no_statement_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello\n")
    for given in (path, tmp_path / "nowhere.csv", write_export(tmp_path / "v.csv", row(1, 2))):
        with pytest.raises(CommandError):
            call_command("reconcile_custody", str(given))


def test_staff_upload_see_and_propose_a_receipt_in_the_admin(tmp_path: Path) -> None:
    holder_make(block_make(1, 10))
    block_make(11, 10)
    by = staff_make(
        ("add", CustodyStatement),
        ("view", CustodyStatement),
        ("view", CustodyDifference),
        ("change", SerialBlock),
        ("view", SerialBlock),
        ("add", CustodyReceipt),
        ("view", CustodyReceipt),
    )
    client = client_of(by)
    path = statement_write(tmp_path / "holdings.csv", (1, 9), (11, 12))
    form = {
        "file": SimpleUploadedFile("holdings.csv", path.read_bytes()),
        "as_of": str(timezone.now().date()),
        "accounts": "",
    }
    answer = client.post(reverse("admin:registry_custodystatement_add"), form)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    statement = CustodyStatement.objects.get()
    assert (statement.file_name, statement.imported_by) == ("holdings.csv", by)
    url = reverse("admin:registry_custodystatement_change", args=[statement.pk])
    page = client.get(url).content.decode()
    assert page.index(serial(10, 10)) < page.index(serial(11, 12))
    assert "2 runs of serials differ" in client.get(reverse("admin:index")).content.decode()
    extra = statement.differences.get(kind="extra")
    receive = reverse("admin:registry_custodydifference_receive", args=[extra.pk])
    answer = client.get(receive)
    block = SerialBlock.objects.get(start=11, end=12)
    assert answer.status_code == 302
    assert f"block={block.pk}" in answer["Location"]
    assert client.get(answer["Location"]).status_code == 200


def test_what_cannot_be_read_is_a_sentence_in_the_admin() -> None:
    client = client_of(staff_make(("add", CustodyStatement), ("view", CustodyStatement)))
    form = {
        "file": SimpleUploadedFile("x.csv", b"\x00\x01 nothing"),
        "as_of": "2026-05-04",
        "accounts": "",
    }
    answer = client.post(reverse("admin:registry_custodystatement_add"), form, follow=True)
    assert answer.status_code == 200
    assert not CustodyStatement.objects.exists()


def test_a_registry_without_a_recent_statement_is_on_the_first_page(tmp_path: Path) -> None:
    holder_make(block_make(1, 10))
    client = client_of(staff_make(("view", CustodyStatement)))
    index = reverse("admin:index")
    said = "No statement of our account at"
    assert said in client.get(index).content.decode()
    compared(tmp_path, (1, 10))
    assert said not in client.get(index).content.decode()


def test_what_is_explained_raises_no_alarm(tmp_path: Path) -> None:
    owner, credit_class = holder_make(block_make(1, 10))
    client = client_of(staff_make(("view", CustodyStatement)))
    said = "1 run of serials differs"
    assert compared(tmp_path, (3, 10)) == [("changed", serial(1, 2), "")]
    assert said in client.get(reverse("admin:index")).content.decode()
    retire(owner, credit_class, 2 * TONNE)
    custody_compare()
    assert CustodyDifference.objects.get().because == "retirement"
    assert said not in client.get(reverse("admin:index")).content.decode()


def test_the_database_keeps_what_a_statement_said(tmp_path: Path) -> None:
    holder_make(block_make(1, 10))
    compared(tmp_path, (1, 10))
    for change in (
        lambda: CustodyStatement.objects.update(tonnes=11),
        lambda: CustodyStatementLine.objects.update(serial="x"),
        lambda: CustodyStatementLine.objects.update(grams=None),
        lambda: CustodyStatementLine.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()

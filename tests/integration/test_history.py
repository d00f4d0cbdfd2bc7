"""Who changed what, when, before and after: recorded by the database, beyond anybody's editing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.history import recorded_tables
from apps.accounts.models import BankTransfer, FourEyesModel, HistoryEntry, User
from apps.accounts.services.history import recorded_as
from apps.registry.models import CustodyReceipt, Project, Registry, SerialBlock
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from apps.registry.services.imports import import_run
from tests.support.factories import client_of, owner_make, staff_make, user_make
from tests.support.registry import block_make
from tests.support.verra import row, write_export

pytestmark = pytest.mark.django_db

# Rows of these are never changed once they are there, or have a record of their own.
OWN_RECORD = {"accounts_savedfilter"}


@pytest.fixture
def boss() -> User:
    return user_make(is_staff=True, is_superuser=True)


def edit(client: Client, project: Project, **fields: str) -> None:
    form = {"kind": "Wind power", "description": "Turns."} | fields
    form |= {"vintages-TOTAL_FORMS": "0", "vintages-INITIAL_FORMS": "0"}
    answer = client.post(reverse("admin:registry_project_change", args=[project.pk]), form)
    assert answer.status_code == 302, answer.content.decode()[-2000:]


def entries(row: Model) -> list[HistoryEntry]:
    """What the history has of the row; of its whole table, if it is not saved."""
    found = HistoryEntry.objects.filter(table_name=row._meta.db_table)
    if row.pk is not None:
        found = found.filter(row_id=str(row.pk))
    return list(found.order_by("pk"))


def test_an_edit_in_the_admin_says_who_through_what_from_what_to_what(boss: User) -> None:
    block_make()
    project = Project.objects.get()
    edit(client_of(boss), project)
    [entry] = entries(project)
    assert (entry.actor, entry.row_id, entry.operation) == (boss, str(project.pk), "update")
    assert entry.source == reverse("admin:registry_project_change", args=[project.pk])
    assert entry.before == {"kind": "", "description": ""}
    assert entry.after == {"kind": "Wind power", "description": "Turns."}


def test_saving_without_changing_anything_is_no_change(boss: User) -> None:
    block_make()
    project = Project.objects.get()
    edit(client_of(boss), project)
    edit(client_of(boss), project)
    assert len(entries(project)) == 1


def test_sql_leaves_the_same_trace(boss: User) -> None:
    block_make()
    with recorded_as(user=boss, source="psql"), connection.cursor() as cursor:
        cursor.execute("UPDATE registry_project SET name = 'Mine', country = 'US'")
    [entry] = entries(Project.objects.get())
    assert (entry.actor, entry.source) == (boss, "psql")
    assert entry.after == {"name": "Mine", "country": "US"}


def test_without_anybody_signed_in_the_process_is_named() -> None:
    block_make()
    Project.objects.update(kind="Wind power")
    [entry] = entries(Project())
    assert (entry.actor, entry.source) == (None, "ccmarket")


def test_a_decision_names_both_people_and_everything_it_moved() -> None:
    proposer, decider = staff_make(("add", CustodyReceipt)), staff_make(("change", CustodyReceipt))
    with recorded_as(user=proposer, source="test"):
        receipt = custody_receipt_propose(
            block=block_make(), owner=owner_make(), registry_reference="T-1", by=proposer
        )
    with recorded_as(user=decider, source="test"):
        custody_receipt_decide(
            proposal=receipt, decision=FourEyesModel.Decision.APPROVED, by=decider
        )
    proposed, decided = entries(receipt)
    assert (proposed.actor, decided.actor) == (proposer, decider)
    assert decided.before is not None
    assert decided.before["decision"] == "pending"
    [moved] = entries(SerialBlock())
    assert (moved.before, moved.after) == ({"state": "issued"}, {"state": "immobilised"})


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE accounts_historyentry SET actor_id = NULL",
        "DELETE FROM accounts_historyentry",
        "SET LOCAL ccmarket.allow_truncate = off; TRUNCATE accounts_historyentry",
    ],
)
def test_the_database_refuses_to_rewrite_history(attempt: str) -> None:
    Registry.objects.create(code="X", name="X")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attempt)
    assert HistoryEntry.objects.filter(table_name="registry_registry").exists()


def test_not_even_a_superuser_can_edit_it_in_the_admin(boss: User) -> None:
    Registry.objects.create(code="X", name="X")
    entry = HistoryEntry.objects.latest("pk")
    client = client_of(boss)
    page = reverse("admin:accounts_historyentry_change", args=[entry.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"source": "me"}).status_code == 403
    delete = reverse("admin:accounts_historyentry_delete", args=[entry.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:accounts_historyentry_add")).status_code == 403


def test_the_history_of_a_row_shows_every_change_to_those_who_may_see_the_row(boss: User) -> None:
    block_make()
    project = Project.objects.get()
    edit(client_of(boss), project)
    page = reverse("admin:registry_project_history", args=[project.pk])
    watcher = staff_make(("view", Project))  # type: ignore[arg-type]
    said = client_of(watcher).get(page).content.decode()
    for expected in (boss.email, "Wind power", "Turns.", "description"):
        assert expected in said
    assert client_of(staff_make()).get(page).status_code == 403


def test_the_list_is_filtered_by_table_and_found_by_person(boss: User) -> None:
    Registry.objects.create(code="X", name="X")
    block_make()
    edit(client_of(boss), Project.objects.get())
    url = reverse("admin:accounts_historyentry_changelist")
    client = client_of(boss)
    by_table = client.get(url, {"table": "registry_project"}).context["cl"].result_list
    assert {entry.table_name for entry in by_table} == {"registry_project"}
    by_person = client.get(url, {"q": boss.email.upper()}).context["cl"].result_list
    assert {entry.actor for entry in by_person} == {boss}


def test_rights_and_passwords_are_recorded_but_not_what_the_password_is(boss: User) -> None:
    person = user_make()
    with recorded_as(user=boss, source="test"):
        person.is_staff = True
        person.set_password("a new password of mine")
        person.save()
    [entry] = entries(person)
    assert entry.after == {"is_staff": True, "password": "***"}
    assert entry.before == {"is_staff": False, "password": "***"}


def test_an_import_leaves_the_history_to_its_own_account(boss: User, tmp_path: Path) -> None:
    import_run(path=write_export(tmp_path / "a.csv", row(1, 10)), by=boss)
    retired = row(1, 10, Name="Another name", **{"Retirement/Cancellation Date": "2026-04-13"})
    import_run(path=write_export(tmp_path / "b.csv", retired), by=boss)
    assert Project.objects.get().name == "Another name"
    assert entries(Project()) == entries(SerialBlock()) == []
    Project.objects.update(name="By hand")
    assert len(entries(Project())) == 1, "after the import people are recorded again"


def test_every_table_that_staff_write_is_recorded() -> None:
    recorded = set(recorded_tables())
    for model, model_admin in admin.site._registry.items():
        read_only = isinstance(model_admin, ReadOnlyAdmin) and not isinstance(
            model_admin, FourEyesAdmin
        )
        if not read_only and model._meta.db_table not in OWN_RECORD:
            assert model._meta.db_table in recorded, f"record_history({model._meta.db_table!r})"
    assert {"registry_serialblock", "registry_retirement", BankTransfer._meta.db_table} <= recorded


@pytest.mark.django_db(transaction=True)
def test_who_asked_is_told_to_each_transaction_and_forgotten_with_it(boss: User) -> None:
    registry = Registry.objects.create(code="X", name="X")
    row = Registry.objects.filter(pk=registry.pk)
    with recorded_as(user=boss, source="page"):
        row.update(name="a statement of its own")
        with transaction.atomic():
            row.update(name="in a transaction")
            with transaction.atomic():
                row.update(name="never")
                transaction.set_rollback(True)
            registry.refresh_from_db()
            row.update(name="after a savepoint")
    row.update(name="by nobody")
    names = [(entry.actor, (entry.after or {})["name"]) for entry in entries(registry)]
    assert names == [
        (None, "X"),
        (boss, "a statement of its own"),
        (boss, "in a transaction"),
        (boss, "after a savepoint"),
        (None, "by nobody"),
    ]

"""The registry as staff meet it in the admin."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse

from apps.accounts.models import Balance, FourEyesModel, User
from apps.registry.models import (
    CustodyReceipt,
    ImportRefusal,
    Project,
    SerialBlock,
)
from apps.registry.selectors import blocks_of
from apps.registry.serials import parse
from apps.registry.services.custody import custody_receipt_propose
from apps.registry.services.imports import import_run
from apps.registry.services.retirements import retirement_create
from tests.support.factories import client_of, owner_make, staff_make, user_make
from tests.support.registry import TONNE, block_make, holder_make
from tests.support.verra import row, write_export

pytestmark = pytest.mark.django_db

MODELS = (
    *("registry", "project", "creditclass", "serialblock", "custodyreceipt", "retirement"),
    *("importrun", "importrefusal"),
)


def admin_url(page: str, *args: object) -> str:
    return reverse(f"admin:registry_{page}", args=args)


@pytest.fixture
def boss() -> User:
    return user_make(is_staff=True, is_superuser=True)


def test_one_records_a_block_and_another_lets_it_in() -> None:
    block, owner = block_make(), owner_make()
    proposer, decider = staff_make(("add", CustodyReceipt)), staff_make(("change", CustodyReceipt))
    form = {"block": block.pk, "owner": owner.pk, "registry_reference": "T-1"}
    answer = client_of(proposer).post(admin_url("custodyreceipt_add"), form)
    assert answer.status_code == 302
    receipt = CustodyReceipt.objects.get()
    assert receipt.proposed_by == proposer
    yes = {"_form_submitted": "on", "note": "Seen in the account"}
    client_of(decider).post(admin_url("custodyreceipt_approve", receipt.pk), yes)
    receipt.refresh_from_db()
    assert receipt.decision == FourEyesModel.Decision.APPROVED
    assert Balance.objects.get(owner=owner).available == 10 * TONNE


def test_the_proposer_cannot_approve() -> None:
    both = staff_make(("add", CustodyReceipt), ("change", CustodyReceipt))
    receipt = custody_receipt_propose(
        block=block_make(), owner=owner_make(), registry_reference="T-1", by=both
    )
    answer = client_of(both).post(
        admin_url("custodyreceipt_approve", receipt.pk), {"_form_submitted": "on", "note": ""}
    )
    assert answer.status_code == 403
    assert SerialBlock.objects.get().state == SerialBlock.State.ISSUED


def test_only_blocks_that_can_arrive_are_offered() -> None:
    holder_make(block_make(1))
    free = block_make(101)
    proposer = staff_make(("add", CustodyReceipt), ("view", SerialBlock))  # type: ignore[arg-type]
    asked = {"app_label": "registry", "model_name": "custodyreceipt", "field_name": "block"}
    answer = client_of(proposer).get(reverse("admin:autocomplete"), asked | {"term": "VCS-1987"})
    assert [found["id"] for found in answer.json()["results"]] == [str(free.pk)]


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_page_opens(boss: User, model: str, tmp_path: Path) -> None:
    owner, credit_class = holder_make(block_make())
    retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=1,
        beneficiary="B",
        idempotency_key="k",
    )
    import_run(path=write_export(tmp_path / "x.csv", row(5, 16)))
    client = client_of(boss)
    page = client.get(admin_url(f"{model}_changelist"))
    assert page.status_code == 200
    first = page.context["cl"].result_list[0]
    assert client.get(admin_url(f"{model}_change", first.pk)).status_code == 200


@pytest.mark.parametrize("model", [model for model in MODELS if model != "custodyreceipt"])
def test_what_only_services_write_cannot_be_added_or_deleted(boss: User, model: str) -> None:
    holder_make(block_make())
    client = client_of(boss)
    assert client.get(admin_url(f"{model}_add")).status_code == 403
    assert client.post(admin_url(f"{model}_delete", 1), {"post": "yes"}).status_code in (403, 302)
    assert SerialBlock.objects.count() == 1


def test_staff_edit_our_words_about_a_project_and_nothing_else(boss: User) -> None:
    block_make()
    project = Project.objects.get()
    form = {"kind": "Wind power", "description": "Turns.", "name": "Mine", "country": "US"}
    form |= {"vintages-TOTAL_FORMS": "0", "vintages-INITIAL_FORMS": "0"}
    answer = client_of(boss).post(admin_url("project_change", project.pk), form)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    project.refresh_from_db()
    assert (project.kind, project.description) == ("Wind power", "Turns.")
    assert (project.name, project.country.code) == ("Wind project 1987", "AR")


@pytest.mark.parametrize(
    "term",
    [
        "19370-3-4-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0",
        " 19370–3–4–vcs-vcu-1323-ver-ar-1-1987-01012023-31122023-0",
        "vcs-1987",
    ],
)
def test_a_block_is_found_by_any_of_its_serials_or_its_project(boss: User, term: str) -> None:
    block = block_make(1, 10)
    block_make(101, 10, project="2000")
    page = client_of(boss).get(admin_url("serialblock_changelist"), {"q": term})
    assert list(page.context["cl"].result_list) == [block]


def test_looking_up_a_serial_uses_the_index() -> None:
    block = block_make(7_000_000_001, 10)
    found = blocks_of(parse(block.serial), SerialBlock.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "registry_serialblock_base_key" in found.explain()
    assert list(found) == [block]


def test_the_refused_lines_of_an_import_are_kept_for_staff(boss: User, tmp_path: Path) -> None:
    import_run(path=write_export(tmp_path / "x.csv", row(1, 9, ID="nobody"), row(11, 20)), by=boss)
    page = client_of(boss).get(admin_url("importrefusal_changelist"))
    assert "value_quantity" in page.content.decode()
    [refusal] = ImportRefusal.objects.all()
    assert refusal.run.started_by == boss

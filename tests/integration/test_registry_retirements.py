"""What is retired here is retired at the registry too: no gram slips through."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.errors import Conflict, FourEyesRequired, NotPermitted, ServiceError
from apps.accounts.ledger.models import Owner
from apps.accounts.ledger.services import HOUSE, platform_owner_get
from apps.registry.certificates import certificate_pdf
from apps.registry.certifying import certificate_lines
from apps.registry.models import (
    CreditClass,
    RegistryConfirmation,
    RegistryRetirement,
    Retirement,
    SerialBlock,
    Span,
)
from apps.registry.retiring import serials_of_item
from apps.registry.services.filling import tonne_fill_up
from apps.registry.services.registry_retirements import confirmation_decide
from tests.integration.test_retirement_certificate import text_of as pdf_text
from tests.support.custody import PDF, confirm, confirm_propose, document, two_people
from tests.support.factories import client_of, staff_make, user_make
from tests.support.pages import downloaded, text_of
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make, receive
from tests.support.retiring import retire, retire_on_chain, take_out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def held() -> tuple[Owner, CreditClass]:
    return holder_make(block_make(1, 10))


def work() -> list[tuple[str, str, str]]:
    """State, serials and beneficiary of every item of the list."""
    return [
        (item.state, "-".join(serials_of_item(item).popitem()[0].split("-")[1:3]), item.beneficiary)
        for item in RegistryRetirement.objects.order_by("grams")
    ]


def blocks() -> list[tuple[int, int, str]]:
    return [(b.start, b.end, b.state) for b in SerialBlock.objects.order_by("start")]


def test_whole_tonnes_are_ready_and_a_fraction_waits_for_its_tonne(
    held: tuple[Owner, CreditClass],
) -> None:
    retire(*held, 2 * TONNE + 620_000, beneficiary="Lindblad")
    assert work() == [("ready", "1-2", "Lindblad"), ("filling", "3-3", "")]
    item = RegistryRetirement.objects.get(state="ready")
    assert "CCM-" in item.reason
    assert broken_invariants() == []


def test_fractions_fill_up_one_tonne_together(held: tuple[Owner, CreditClass]) -> None:
    retire(*held, 300_000, key="a", beneficiary="One")
    retire(*held, 500_000, key="b", beneficiary="Two")
    retire(*held, 1_200_000, key="c", beneficiary="One")
    assert work() == [("ready", "1-1", "One; Two"), ("ready", "2-2", "One")]
    shared = RegistryRetirement.objects.get(retirement=None)
    assert re.findall(r"CCM-\d+-\d+", shared.reason) == [
        *Retirement.objects.order_by("number").values_list("number", flat=True)
    ]
    assert broken_invariants() == []


def test_what_is_retired_on_chain_is_on_the_list_too(held: tuple[Owner, CreditClass]) -> None:
    take_out(*held, 4)
    retire_on_chain(SerialBlock.objects.get(), 2, 3, beneficiary="Somebody")
    assert work() == [("ready", "2-3", "Somebody")]
    assert broken_invariants() == []


def test_confirmed_by_two_the_serials_leave_custody_and_the_certificate_says_so(
    held: tuple[Owner, CreditClass],
) -> None:
    retirement = retire(*held, 2 * TONNE + 620_000, beneficiary="Lindblad")
    confirm(RegistryRetirement.objects.get(state="ready"))
    assert blocks() == [(1, 2, "retired"), (3, 10, "immobilised")]
    first = SerialBlock.objects.get(start=1)
    assert (str(first.retired_on), first.retirement_beneficiary) == ("2026-06-01", "Lindblad")
    whole, rest = certificate_lines(retirement)
    assert [(run.state, run.reference) for run in whole.at_registry] == [("confirmed", "VR-77")]
    assert [(run.state, run.percent) for run in rest.at_registry] == [("filling", 62)]
    retirement.refresh_from_db()
    assert retirement.registry_confirmed_at is None, "not while a part of it waits"
    address = f"/certificates/{retirement.number}"
    page = text_of(Client().get(address))
    assert "1 – 2: retired at the registry on" in page
    assert "VR-77" in page
    assert "3: waits for its tonne to be full, 62 % so far" in page
    paper = pdf_text(certificate_pdf(retirement))
    assert "reference VR-77" in paper
    assert "waits for its tonne to be full, 62 %" in paper
    lines = Client().get(f"/api/v1{address}").json()["serials"]
    assert lines[0]["at_registry"][0] | {"retired_on": None} == {
        "state": "confirmed",
        "first": 1,
        "last": 2,
        "percent": 100,
        "reference": "VR-77",
        "retired_on": None,
    }
    assert broken_invariants() == []


def test_a_certificate_is_confirmed_once_all_of_it_is(held: tuple[Owner, CreditClass]) -> None:
    retirement = retire(*held, TONNE + 400_000, key="a")
    other = retire(*held, 600_000, key="b")
    confirm(*RegistryRetirement.objects.filter(retirement=None), registry_reference="VR-1")
    for row in (retirement, other):
        row.refresh_from_db()
    assert retirement.registry_confirmed_at is None
    assert other.registry_reference == "VR-1"
    confirm(*RegistryRetirement.objects.filter(retirement=retirement), registry_reference="VR-2")
    retirement.refresh_from_db()
    assert retirement.registry_reference == "VR-2, VR-1"
    page = text_of(Client().get(f"/certificates/{retirement.number}"))
    assert "Confirmed" in page
    assert blocks() == [(1, 1, "retired"), (2, 2, "retired"), (3, 10, "immobilised")]
    assert broken_invariants() == []


def test_a_tonne_of_many_spans_is_one_block_at_the_registry(
    held: tuple[Owner, CreditClass],
) -> None:
    retire(*held, 3 * TONNE + 1, key="a")
    take_out(*held, 2)
    retire(*held, 999_999, key="b")
    confirm(*RegistryRetirement.objects.all())
    assert blocks() == [(1, 3, "retired"), (4, 4, "retired"), (5, 10, "immobilised")]
    assert Span.objects.filter(state="tokenised").count() == 1
    assert broken_invariants() == []


def test_rejected_the_items_are_to_be_retired_again(held: tuple[Owner, CreditClass]) -> None:
    retire(*held, TONNE)
    one, other = two_people()
    [item] = RegistryRetirement.objects.all()
    proposal = confirm_propose(item, by=one)
    item.refresh_from_db()
    with pytest.raises(Conflict) as caught:
        confirm_propose(item, by=one)
    assert caught.value.code == "item_not_ready"
    confirmation_decide(proposal=proposal, decision="rejected", by=other)
    item.refresh_from_db()
    assert (item.state, item.confirmation) == ("ready", None)
    confirm(item)
    confirmation_decide(proposal=proposal, decision="rejected", by=other)
    item.refresh_from_db()
    assert item.state == "confirmed"


def test_it_takes_two_people_something_ready_and_a_document(
    held: tuple[Owner, CreditClass],
) -> None:
    retire(*held, TONNE + 1)
    ready = RegistryRetirement.objects.get(state="ready")
    filling = RegistryRetirement.objects.get(state="filling")
    one, other = two_people()
    with pytest.raises(NotPermitted):
        confirm_propose(ready, by=other)
    with pytest.raises(Conflict):
        confirm_propose(ready, filling, by=one)
    with pytest.raises(ServiceError) as caught:
        confirm_propose(by=one)
    assert caught.value.code == "items_missing"
    for fields in ({"document": ""}, {"registry_reference": " "}, {"retired_on": None}):
        with pytest.raises(ServiceError):
            confirm_propose(ready, by=one, **fields)
    assert RegistryRetirement.objects.exclude(confirmation=None).count() == 0
    both = staff_make(("add", RegistryConfirmation), ("change", RegistryConfirmation))
    proposal = confirm_propose(ready, by=both)
    with pytest.raises(FourEyesRequired):
        confirmation_decide(proposal=proposal, decision="approved", by=both)
    assert blocks() == [(1, 10, "immobilised")]


# ------------------------------------------------------------------ filling up, and waiting


def test_the_platform_fills_a_tonne_up_from_its_own_balance(
    held: tuple[Owner, CreditClass],
) -> None:
    retire(*held, 620_000)
    [item] = RegistryRetirement.objects.all()
    staff = staff_make(("change", RegistryRetirement))
    with pytest.raises(NotPermitted):
        tonne_fill_up(item=item, by=staff_make())
    with pytest.raises(Conflict, match="380 kg of VCS-1987-2023 are missing") as caught:
        tonne_fill_up(item=item, by=staff)
    assert caught.value.code == "house_short"
    receive(block_make(101, 1), platform_owner_get(name=HOUSE))
    made = tonne_fill_up(item=item, by=staff)
    assert (made.amount_grams, made.owner.platform_name) == (380_000, HOUSE)
    item.refresh_from_db()
    assert item.state == "ready"
    assert made.number in item.reason
    with pytest.raises(Conflict) as caught:
        tonne_fill_up(item=item, by=staff)
    assert caught.value.code == "item_not_filling"
    assert broken_invariants() == []


def test_what_waits_too_long_is_on_the_first_page_of_the_admin(
    held: tuple[Owner, CreditClass],
) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        retire(*held, 1)
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    assert "1 retirement has waited for its registry" in boss.get("/admin/").content.decode()
    page = boss.get("/admin/registry/registryretirement/").content.decode()
    assert "Waits for its tonne to be full" in page


# ------------------------------------------------------------------ the admin


def test_staff_list_choose_and_confirm_in_the_admin(held: tuple[Owner, CreditClass]) -> None:
    retire(*held, TONNE, beneficiary="=HYPERLINK()")
    boss = user_make(is_staff=True, is_superuser=True)
    one, other = client_of(boss), client_of(user_make(is_staff=True, is_superuser=True))
    admin = "/admin/registry"
    [item] = RegistryRetirement.objects.all()
    listed = downloaded(one.get(f"{admin}/registryretirement/export/"))
    assert "19370-1-1-VCS" in listed
    assert "'=HYPERLINK()" in listed
    chosen = {"action": "confirm", "_selected_action": [item.pk]}
    answer = one.post(f"{admin}/registryretirement/", chosen)
    assert answer.url.endswith(f"/registryconfirmation/add/?items={item.pk}")
    assert "19370-1-1-VCS" in one.get(answer.url).content.decode()
    form = {
        "registry_reference": "VR-77",
        "retired_on": "2026-06-01",
        "items": [item.pk],
        "document": document(),
    }
    assert one.post(answer.url, form).status_code == 302
    confirmation = RegistryConfirmation.objects.get()
    page = other.get(f"{admin}/registryconfirmation/{confirmation.pk}/change/").content.decode()
    assert "19370-1-1-VCS" in page
    papers = f"/documents/confirmations/{confirmation.pk}"
    assert b"".join(other.get(papers).streaming_content) == PDF
    assert client_of(user_make()).get(papers).status_code == 404
    assert client_of(staff_make()).get(papers).status_code == 404
    other.post(
        f"{admin}/registryconfirmation/{confirmation.pk}/approve/", {"_form_submitted": "on"}
    )
    item.refresh_from_db()
    assert item.state == "confirmed"


def test_staff_fill_up_in_the_admin(held: tuple[Owner, CreditClass]) -> None:
    retire(*held, 1)
    [item] = RegistryRetirement.objects.all()
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    address = f"/admin/registry/registryretirement/{item.pk}/fill_up/"
    boss.post(address, {"_form_submitted": "on"})
    assert "are missing" in boss.get("/admin/registry/registryretirement/").content.decode()
    receive(block_make(101, 1), platform_owner_get(name=HOUSE))
    boss.post(address, {"_form_submitted": "on"})
    item.refresh_from_db()
    assert item.state == "ready"


# ------------------------------------------------------------------ the database's own guards


def test_the_database_keeps_the_list(held: tuple[Owner, CreditClass]) -> None:
    retire(*held, TONNE + 1)
    ready, filling = RegistryRetirement.objects.order_by("grams")
    for change in (
        lambda: RegistryRetirement.objects.filter(pk=ready.pk).delete(),
        lambda: RegistryRetirement.objects.filter(pk=ready.pk).update(state="filling"),
        lambda: RegistryRetirement.objects.filter(pk=ready.pk).update(state="confirmed"),
        lambda: RegistryRetirement.objects.filter(pk=filling.pk).update(
            state="ready", ready_at=timezone.now()
        ),
        lambda: RegistryRetirement.objects.create(
            credit_class=held[1], grams=ready.grams, state="filling"
        ),
        lambda: Retirement.objects.update(amount_grams=1),
        lambda: Retirement.objects.update(beneficiary="Somebody else"),
        lambda: Retirement.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_retired_grams_on_no_list_are_found(
    held: tuple[Owner, CreditClass], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the invariant: without the list, it speaks."""
    monkeypatch.setattr("apps.registry.services.retirements.work_add", lambda **_: None)
    retire(*held, 1)
    assert any("retired grams on no list" in line for line in broken_invariants())

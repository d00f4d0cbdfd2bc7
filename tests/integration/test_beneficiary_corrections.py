"""Another name on a certificate: soon, before the registry is told, and by two people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.errors import Conflict, FourEyesRequired, NotPermitted, ServiceError
from apps.accounts.ledger.models import Owner
from apps.registry.certificates import certificate_pdf
from apps.registry.models import (
    BeneficiaryCorrection,
    CreditClass,
    RegistryRetirement,
    Retirement,
    SerialBlock,
)
from apps.registry.services.corrections import correction_decide, correction_submit
from tests.integration.test_retirement_certificate import text_of as pdf_text
from tests.support.custody import confirm_propose, two_people
from tests.support.factories import client_of, staff_make, user_make
from tests.support.pages import text_of
from tests.support.registry import TONNE, block_make, broken_invariants, holder_make
from tests.support.retiring import retire, retire_on_chain, take_out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def held() -> tuple[Owner, CreditClass]:
    return holder_make(block_make(1, 10))


def propose(retirement: Retirement, beneficiary: str = "Right Ltd") -> BeneficiaryCorrection:
    proposal = BeneficiaryCorrection(
        retirement=retirement, beneficiary=beneficiary, reason="Misspelt, says its owner"
    )
    return correction_submit(proposal=proposal, by=staff_make(("add", BeneficiaryCorrection)))


def approve(correction: BeneficiaryCorrection) -> BeneficiaryCorrection:
    decider = staff_make(("change", BeneficiaryCorrection))
    return correction_decide(proposal=correction, decision="approved", by=decider)


def test_approved_the_certificate_and_the_registrys_list_say_it(
    held: tuple[Owner, CreditClass],
) -> None:
    retirement = retire(*held, TONNE + 400_000, key="a", beneficiary="Wrng Ltd")
    retire(*held, 600_000, key="b", beneficiary="Other")
    correction = propose(retirement)
    assert "corrected" not in text_of(Client().get(f"/certificates/{retirement.number}"))
    approve(correction)
    retirement.refresh_from_db()
    assert retirement.beneficiary == "Right Ltd"
    texts = RegistryRetirement.objects.order_by("grams").values_list("beneficiary", flat=True)
    assert list(texts) == ["Right Ltd", "Right Ltd; Other"]
    page = text_of(Client().get(f"/certificates/{retirement.number}"))
    assert "Right Ltd" in page
    assert "Beneficiary corrected on" in page
    assert "Wrng" not in page
    assert "Beneficiary corrected on" in pdf_text(certificate_pdf(retirement))
    said = Client().get(f"/api/v1/certificates/{retirement.number}").json()
    assert said["beneficiary_corrected_at"] is not None
    assert broken_invariants() == []


def test_its_history_stays(held: tuple[Owner, CreditClass]) -> None:
    retirement = retire(*held, 1, beneficiary="Wrng Ltd")
    approve(propose(retirement))
    retirement.refresh_from_db()
    approve(propose(retirement, "Righter Ltd"))
    kept = BeneficiaryCorrection.objects.order_by("pk")
    assert [(row.beneficiary_before, row.beneficiary) for row in kept] == [
        ("Wrng Ltd", "Right Ltd"),
        ("Right Ltd", "Righter Ltd"),
    ]
    for change in (
        lambda: kept.update(beneficiary_before="x"),
        lambda: kept.update(decision="rejected"),
        lambda: BeneficiaryCorrection.objects.all().delete(),
        lambda: Retirement.objects.update(beneficiary="Wrng Ltd"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_repeating_the_first_request_still_gives_the_first_answer(
    held: tuple[Owner, CreditClass],
) -> None:
    retirement = retire(*held, 1, beneficiary="Wrng Ltd")
    approve(propose(retirement))
    assert retire(*held, 1, beneficiary="Wrng Ltd") == retirement
    with pytest.raises(Conflict):
        retire(*held, 1, beneficiary="Third Ltd")


def test_outside_the_window_it_is_too_late(held: tuple[Owner, CreditClass]) -> None:
    retirement = retire(*held, 1, beneficiary="Wrng Ltd")
    with time_machine.travel(timezone.now() + timedelta(days=13)):
        correction = propose(retirement)
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        with pytest.raises(Conflict, match="within 14 days") as caught:
            approve(correction)
        assert caught.value.code == "correction_too_late"
    retirement.refresh_from_db()
    assert retirement.beneficiary == "Wrng Ltd"


def test_once_the_registry_is_told_it_is_too_late_and_the_other_way_round(
    held: tuple[Owner, CreditClass],
) -> None:
    retirement = retire(*held, TONNE, beneficiary="Wrng Ltd")
    [item] = RegistryRetirement.objects.all()
    one, _other = two_people()
    correction = propose(retirement)
    with pytest.raises(Conflict) as caught:
        confirm_propose(item, by=one)
    assert caught.value.code == "correction_pending"
    decider = staff_make(("change", BeneficiaryCorrection))
    correction_decide(proposal=correction, decision="rejected", by=decider)
    confirm_propose(item, by=one)
    with pytest.raises(Conflict) as caught:
        propose(retirement)
    assert caught.value.code == "registry_told"


def test_what_was_retired_on_chain_stays_as_it_is_there(held: tuple[Owner, CreditClass]) -> None:
    take_out(*held, 1)
    retirement = retire_on_chain(SerialBlock.objects.get(), 1, 1)
    with pytest.raises(Conflict, match="for ever") as caught:
        propose(retirement)
    assert caught.value.code == "on_chain"


def test_it_takes_two_people_a_reason_and_another_name(held: tuple[Owner, CreditClass]) -> None:
    retirement = retire(*held, 1, beneficiary="Wrng Ltd")
    with pytest.raises(ServiceError) as caught:
        propose(retirement, " Wrng Ltd ")
    assert caught.value.code == "nothing_to_correct"
    proposal = BeneficiaryCorrection(retirement=retirement, beneficiary="Right Ltd", reason=" ")
    with pytest.raises(ServiceError):
        correction_submit(proposal=proposal, by=staff_make(("add", BeneficiaryCorrection)))
    with pytest.raises(NotPermitted):
        correction_submit(proposal=proposal, by=staff_make())
    both = staff_make(("add", BeneficiaryCorrection), ("change", BeneficiaryCorrection))
    proposal.reason = "Misspelt"
    made = correction_submit(proposal=proposal, by=both)
    with pytest.raises(FourEyesRequired):
        correction_decide(proposal=made, decision="approved", by=both)
    with pytest.raises(ServiceError):
        propose(retirement)


def test_staff_correct_in_the_admin(held: tuple[Owner, CreditClass]) -> None:
    retirement = retire(*held, 1, beneficiary="Wrng Ltd")
    one = client_of(user_make(is_staff=True, is_superuser=True))
    other = client_of(user_make(is_staff=True, is_superuser=True))
    admin = "/admin/registry/beneficiarycorrection"
    form = {"retirement": retirement.pk, "beneficiary": "Right Ltd", "reason": "Misspelt"}
    assert one.post(f"{admin}/add/", form).status_code == 302
    [correction] = BeneficiaryCorrection.objects.all()
    other.post(f"{admin}/{correction.pk}/approve/", {"_form_submitted": "on"})
    retirement.refresh_from_db()
    assert retirement.beneficiary == "Right Ltd"
    assert "Wrng Ltd" in one.get(f"{admin}/{correction.pk}/change/").content.decode()

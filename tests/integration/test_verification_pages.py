"""The page on which an organisation is verified, and what staff see and do in the admin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.acting import SESSION_KEY
from apps.accounts.models import (
    BeneficialOwner,
    Membership,
    Organisation,
    User,
    Verification,
    VerificationDocument,
    VerificationOutcome,
)
from apps.accounts.verification import standing_of
from tests.support.factories import client_of, organisation_make, staff_make, user_make
from tests.support.pages import breaks_of_policy, text_of
from tests.support.verifications import Outcome, State, filed, find, pdf, prepared, verify

pytestmark = pytest.mark.django_db

PAGE = "/account/verification/"
WHOLE = {
    "legal_name": "Green Works GmbH",
    "kind": "company",
    "registration_number": "HRB 1",
    "country": "DE",
    "address": "1 Example Street",
    "people-TOTAL_FORMS": "2",
    "people-INITIAL_FORMS": "0",
    "people-0-name": "A Person",
    "people-0-share": "75.5",
    "people-0-country": "DE",
    "document-kind": "register",
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def boss() -> User:
    return user_make()


@pytest.fixture
def company(boss: User) -> Organisation:
    return organisation_make(by=boss)


def browser(user: User, company: Organisation) -> Client:
    """The member's, acting for the company."""
    client = client_of(user)
    session = client.session
    session[SESSION_KEY] = company.pk
    session.save()
    return client


def test_an_owner_fills_it_in_proves_it_and_files_it_at_one_go(
    boss: User, company: Organisation
) -> None:
    client = browser(boss, company)
    assert "Not verified" in text_of(client.get(PAGE))
    client.post(reverse("verification_begin"))
    page = client.get(PAGE)
    assert breaks_of_policy(page) == []
    assert "Still missing" in text_of(page)
    answer = client.post(PAGE, {**WHOLE, "document-file": pdf(), "file": "yes"}, follow=True)
    assert "Being reviewed" in text_of(answer)
    verification = company.verifications.get()
    assert (verification.state, verification.legal_name) == (State.FILED, "Green Works GmbH")
    assert verification.beneficial_owners.get().share_bps == 7_550
    assert verification.documents.get().name == "extract.pdf"
    assert "75.5%" in text_of(client.get(PAGE))


def test_what_was_typed_is_kept_whatever_button_is_pressed(
    boss: User, company: Organisation
) -> None:
    client, draft = browser(boss, company), prepared(company, boss)
    document = draft.documents.get()
    client.post(PAGE, {**WHOLE, "legal_name": "New AG", "remove": str(document.public_id)})
    draft.refresh_from_db()
    document.refresh_from_db()
    assert (draft.legal_name, document.removed_at is None) == ("New AG", False)
    answer = client.post(PAGE, {**WHOLE, "file": "yes"})
    assert answer.status_code == 422
    assert "Add an extract from the register." in text_of(answer)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"people-0-share": "101"}, "less than or equal to 100"),
        ({"people-0-share": "0"}, "greater than or equal to 0.01"),
        ({"people-0-country": ""}, "Fill in name, share and country"),
        ({"country": "XX"}, "Select a valid choice"),
        ({"people-TOTAL_FORMS": "1000"}, ""),
        ({"document-file": pdf(b"hello")}, "neither a PDF nor"),
        ({"people-1-name": "B", "people-1-share": "50", "people-1-country": "FR"}, "100 %"),
    ],
)
def test_what_is_wrong_is_said_beside_it(
    boss: User, company: Organisation, wrong: dict[str, Any], said: str
) -> None:
    prepared(company, boss)
    answer = browser(boss, company).post(PAGE, {**WHOLE, **wrong, "file": "yes"})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert company.verifications.get().state == State.DRAFT


@pytest.mark.parametrize("role", ["trader", "approver", "accountant", "viewer"])
def test_other_members_see_how_far_it_is_and_nothing_else(
    boss: User, company: Organisation, role: str
) -> None:
    prepared(company, boss)
    member = user_make()
    Membership.objects.create(user=member, organisation=company, role=role)
    client = browser(member, company)
    page = text_of(client.get(PAGE))
    assert "Being prepared" in page
    assert "A Person" not in page
    assert "extract.pdf" not in page
    assert client.post(PAGE, {**WHOLE, "file": "yes"}).status_code == 403
    assert client.post(reverse("verification_begin")).status_code == 403
    assert company.verifications.get().state == State.DRAFT


def test_a_person_and_another_company_see_nothing_of_it(boss: User, company: Organisation) -> None:
    document = prepared(company, boss).documents.get()
    stranger = user_make()
    assert client_of(stranger).get(PAGE).status_code == 404
    theirs = browser(stranger, organisation_make(by=stranger))
    assert "Green Works" not in text_of(theirs.get(PAGE))
    theirs.post(reverse("verification_begin"))
    answer = theirs.post(PAGE, {**WHOLE, "remove": str(document.public_id)})
    assert answer.status_code == 404
    document.refresh_from_db()
    assert document.removed_at is None


def test_the_account_page_says_how_it_stands(boss: User, company: Organisation) -> None:
    client = browser(boss, company)
    assert "Verification : Not verified" in text_of(client.get("/account/"))
    verify(company)
    assert "Verification : Verified" in text_of(client.get("/account/"))
    verification = filed(company, boss)
    find(verification, Outcome.MORE, reason="A newer extract, please.")
    assert "A newer extract, please." in text_of(client.get(PAGE))


def staff_pair() -> tuple[Client, Client]:
    """Browsers of who proposes outcomes, and of who decides them."""
    models = (Verification, VerificationDocument, VerificationOutcome, BeneficialOwner)
    see = [("view", model) for model in models]
    proposer = staff_make(*see, ("add", VerificationOutcome))  # type: ignore[arg-type]
    decider = staff_make(*see, ("change", VerificationOutcome))  # type: ignore[arg-type]
    return client_of(proposer), client_of(decider)


def test_staff_review_it_in_the_admin_with_four_eyes(boss: User, company: Organisation) -> None:
    verification = filed(company, boss)
    first, second = staff_pair()
    page = reverse("admin:accounts_verification_change", args=[verification.pk])
    shown = first.get(page).content.decode()
    for expected in ("HRB 1", "A Person", "75%", "/documents/", "Say what you find"):
        assert expected in shown
    assert (
        "1 organisation waits to be verified." in first.get(reverse("admin:index")).content.decode()
    )
    form = {"verification": verification.pk, "outcome": Outcome.APPROVE, "reason": ""}
    answer = first.post(reverse("admin:accounts_verificationoutcome_add"), form)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    outcome = VerificationOutcome.objects.get()
    approve = reverse("admin:accounts_verificationoutcome_approve", args=[outcome.pk])
    assert first.post(approve, {"_form_submitted": "on", "note": ""}).status_code == 403
    assert not standing_of(company).is_verified
    second.post(approve, {"_form_submitted": "on", "note": "Seen."})
    assert standing_of(company).is_verified


def test_a_day_goes_with_an_approval_alone(boss: User, company: Organisation) -> None:
    verification = filed(company, boss)
    first, _second = staff_pair()
    add = reverse("admin:accounts_verificationoutcome_add")
    form = {"verification": verification.pk, "outcome": Outcome.MORE, "valid_until": "2099-01-01"}
    assert first.post(add, form | {"reason": "A newer extract."}).status_code == 302
    assert VerificationOutcome.objects.get().valid_until is None


def test_staff_who_may_only_look_change_nothing(boss: User, company: Organisation) -> None:
    verification = filed(company, boss)
    watcher = client_of(staff_make(("view", Verification), ("view", VerificationOutcome)))  # type: ignore[arg-type]
    page = reverse("admin:accounts_verification_change", args=[verification.pk])
    assert watcher.get(page).status_code == 200
    assert watcher.post(page, {"state": "approved"}).status_code == 403
    form = {"verification": verification.pk, "outcome": Outcome.APPROVE}
    add = reverse("admin:accounts_verificationoutcome_add")
    assert watcher.post(add, form).status_code == 403
    auditor = client_of(user_make(is_staff=True, is_auditor=True))
    assert auditor.get(page).status_code == 200
    assert auditor.post(add, form).status_code == 403
    assert not VerificationOutcome.objects.exists()


def test_even_a_superuser_cannot_write_an_organisation_verified(company: Organisation) -> None:
    boss = user_make(is_staff=True, is_superuser=True)
    page = reverse("admin:accounts_organisation_change", args=[company.pk])
    client_of(boss).post(page, {"name": company.name, "verified_until": "2099-01-01"})
    assert not standing_of(company).is_verified

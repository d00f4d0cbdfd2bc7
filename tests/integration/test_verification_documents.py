"""Documents of a verification: told by their bytes, encrypted, and each look is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.errors import NotFound, ServiceError
from apps.accounts.models import (
    DocumentLook,
    Membership,
    Organisation,
    User,
    Verification,
    VerificationDocument,
)
from apps.accounts.services import verification_documents
from apps.accounts.services.verification_documents import (
    document_add,
    document_read,
    document_remove,
)
from apps.accounts.services.verifications import verification_file
from apps.accounts.verification import documents_of
from tests.support.factories import client_of, organisation_make, staff_make, user_make
from tests.support.verifications import PDF, Outcome, filed, find, pdf, prepared

pytestmark = pytest.mark.django_db

REGISTER = VerificationDocument.Kind.REGISTER


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def boss() -> User:
    return user_make()


@pytest.fixture
def company(boss: User) -> Organisation:
    return organisation_make(by=boss)


@pytest.fixture
def draft(company: Organisation, boss: User) -> Verification:
    return prepared(company, boss)


def stored(files: Path) -> list[bytes]:
    return [path.read_bytes() for path in files.rglob("*") if path.is_file()]


def test_what_lies_there_says_nothing_and_reads_as_it_was(
    draft: Verification, boss: User, files: Path
) -> None:
    document = draft.documents.get()
    [box] = stored(files)
    assert b"PDF" not in box
    assert b"register" not in box
    assert document_read(document=document, by=boss) == PDF
    assert (document.ending, document.size_bytes, document.name) == ("pdf", len(PDF), "extract.pdf")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"MZ\x90\x00 a program", "extract.pdf", "document_type"),
        (b"<html><script>alert(1)</script>%PDF-1.7", "extract.pdf", "document_type"),
        (b"", "extract.pdf", "document_type"),
        (b"%PDF-" + b"x" * 1_000_001, "extract.pdf", "document_too_large"),
    ],
    ids=["program", "page", "empty", "large"],
)
def test_it_is_told_by_its_bytes_and_its_size(
    draft: Verification, boss: User, settings: Any, content: bytes, name: str, code: str
) -> None:
    settings.DOCUMENT_SIZE_MAX_MB = 1
    with pytest.raises(ServiceError) as refusal:
        document_add(verification=draft, kind=REGISTER, file=pdf(content, name), by=boss)
    assert refusal.value.code == code
    assert documents_of(draft).count() == 1


def test_a_picture_by_any_name_is_a_picture(draft: Verification, boss: User) -> None:
    picture = pdf(b"\x89PNG\r\n\x1a\n picture", "../../etc/passwd.html")
    document = document_add(verification=draft, kind=REGISTER, file=picture, by=boss)
    assert (document.ending, document.name) == ("png", "passwd.html")
    assert document.file.startswith("documents/verification/")


def test_the_same_bytes_again_are_the_same_document_and_leave_no_file(
    draft: Verification, boss: User, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = draft.documents.get()
    assert document_add(verification=draft, kind=REGISTER, file=pdf(), by=boss) == first
    monkeypatch.setattr(verification_documents, "DOCUMENTS_MAX", 1)
    with pytest.raises(ServiceError) as refusal:
        document_add(verification=draft, kind=REGISTER, file=pdf(PDF + b"\n"), by=boss)
    assert refusal.value.code == "too_many_documents"
    assert len(stored(files)) == 1


def test_a_mistake_can_be_taken_away_until_it_is_filed(
    draft: Verification, boss: User, files: Path, django_capture_on_commit_callbacks: Any
) -> None:
    mistake = document_add(verification=draft, kind=REGISTER, file=pdf(PDF + b"\n"), by=boss)
    with django_capture_on_commit_callbacks(execute=True):
        document_remove(document=mistake, by=boss)
    assert not default_storage.exists(mistake.file)
    mistake.refresh_from_db()
    with pytest.raises(NotFound):
        document_read(document=mistake, by=boss)
    kept = documents_of(draft).get()
    verification_file(verification=draft, by=boss)
    find(draft, Outcome.MORE)
    with pytest.raises(ServiceError) as refusal:
        document_remove(document=kept, by=boss)
    assert refusal.value.code == "document_filed"
    with pytest.raises(DatabaseError), transaction.atomic():
        VerificationDocument.objects.filter(pk=kept.pk).update(removed_at=kept.added_at)


def test_owners_and_staff_who_may_read_it_and_each_look_is_recorded(
    company: Organisation, boss: User
) -> None:
    document = filed(company, boss).documents.get()
    address = reverse("verification_document", args=[document.public_id])
    reader = staff_make(("view", VerificationDocument))
    auditor = user_make(is_staff=True, is_auditor=True)
    for who in (boss, reader, auditor):
        answer = client_of(who).get(address)
        assert (answer.status_code, answer.content) == (200, PDF)
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer["Cache-Control"]
    assert [look.by for look in DocumentLook.objects.order_by("pk")] == [boss, reader, auditor]
    for attempt in (
        lambda: DocumentLook.objects.update(by=boss),
        lambda: DocumentLook.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()


@pytest.mark.parametrize("role", ["trader", "approver", "accountant", "viewer", None])
def test_nobody_else_reads_it(company: Organisation, boss: User, role: str | None) -> None:
    document = filed(company, boss).documents.get()
    address = reverse("verification_document", args=[document.public_id])
    member, other = user_make(), user_make()
    organisation_make(by=other)
    if role:
        Membership.objects.create(user=member, organisation=company, role=role)
    for who in (member, other, staff_make(), staff_make(("view", Verification))):
        assert client_of(who).get(address).status_code == 404
    assert not DocumentLook.objects.exists()


def test_whoever_is_not_signed_in_is_asked_to(company: Organisation, boss: User) -> None:
    document = filed(company, boss).documents.get()
    answer = Client().get(reverse("verification_document", args=[document.public_id]))
    assert answer.status_code == 302

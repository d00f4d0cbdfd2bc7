"""Documents of a verification: encrypted where they lie, and every look at one is recorded."""

from __future__ import annotations

import hashlib
import uuid
from functools import partial
from pathlib import PurePath
from typing import Final

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.crypto import decrypt, encrypt
from apps.accounts.documents import document_check, document_ending
from apps.accounts.errors import Conflict, NotFound, ServiceError
from apps.accounts.models import DocumentLook, User, Verification, VerificationDocument
from apps.accounts.services.history import recorded_as
from apps.accounts.services.spending import role_of
from apps.accounts.services.verifications import SOURCE, lock_to_write
from apps.accounts.verification import documents_of, may_read_documents

DOCUMENTS_MAX: Final = 20
NAME_CHARS_MAX: Final = 120


def document_add(
    *, verification: Verification, kind: str, file: File[bytes], by: User
) -> VerificationDocument:
    """Keeps a PDF, PNG or JPEG, told by its bytes; the same bytes again are the same document.

    Raises NotPermitted, Conflict `verification_closed`, `too_many_documents`, ServiceError
    `document_too_large`, `document_type`.
    """
    assert kind in VerificationDocument.Kind.values, kind
    try:
        document_check(file)
    except ValidationError as error:
        raise ServiceError(error.messages[0], code=str(error.code), field="file") from error
    file.seek(0)
    content = file.read()
    path = f"documents/verification/{uuid.uuid4()}"
    document = VerificationDocument(
        verification=verification,
        kind=kind,
        name=PurePath(file.name or "").name[-NAME_CHARS_MAX:],
        ending=document_ending(file) or "",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        file=default_storage.save(path, ContentFile(encrypt(content))),
        added_by=by,
    )
    try:
        kept = _keep(document, by)
    except BaseException:
        default_storage.delete(document.file)
        raise
    if kept.pk != document.pk:
        default_storage.delete(document.file)
    return kept


def document_remove(*, document: VerificationDocument, by: User) -> None:
    """Takes away what was added by mistake, before it is filed; the row stays, the file goes.

    Raises NotPermitted, Conflict `verification_closed`, `document_filed`.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        verification = lock_to_write(document.verification, by)
        if verification.filed_at and document.added_at <= verification.filed_at:
            raise Conflict(
                _("This document was filed and stays. Add another one."), code="document_filed"
            )
        rows = VerificationDocument.objects.filter(pk=document.pk, removed_at=None)
        if rows.update(removed_at=timezone.now()):
            transaction.on_commit(partial(default_storage.delete, document.file))


def document_read(*, document: VerificationDocument, by: User) -> bytes:
    """What is in it, once it is recorded that `by` was given it.

    Raises NotFound for who may not, and for what was taken away.
    """
    role = role_of(organisation_id=document.verification.organisation_id, user=by)
    if document.removed_at is not None or not may_read_documents(user=by, role=role):
        raise NotFound(_("There is no such document."))
    DocumentLook.objects.create(document=document, by=by)
    with default_storage.open(document.file) as box:
        content = decrypt(box.read())
    assert hashlib.sha256(content).hexdigest() == document.sha256, document.pk
    return content


def _keep(document: VerificationDocument, by: User) -> VerificationDocument:
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        verification = lock_to_write(document.verification, by)
        there = documents_of(verification)
        if same := there.filter(sha256=document.sha256, kind=document.kind).first():
            return same
        if there.count() >= DOCUMENTS_MAX:
            raise Conflict(
                _("There are %(max)s documents. Take one away first.") % {"max": DOCUMENTS_MAX},
                code="too_many_documents",
            )
        document.save(force_insert=True)
        return document

"""Staff bring a registry's file: upload, confirm what the preview shows, or cancel.

Each step is one conditional UPDATE of the upload's row: of two people, or two presses of one
button, one gets through and the other finds it done. The work is a worker's
(`services/upload_work.py`).
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import PurePath
from typing import Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.models import User
from apps.registry.models import ImportUpload
from apps.registry.registries import REGISTRIES
from apps.registry.wakeups import upload_wake

State = ImportUpload.State
FOLDER: Final = "imports"
_CHUNK_BYTES: Final = 1 << 20


def may_upload(*, user: User) -> bool:
    """Staff who may add uploaded files."""
    return user.is_staff and user.has_perm("registry.add_importupload")


def may_confirm(*, user: User) -> bool:
    """Staff who may let a file in, which its preview has shown."""
    return user.is_staff and user.has_perm("registry.change_importupload")


def upload_create(*, file: File, by: User, registry: str = "") -> tuple[ImportUpload, bool]:  # type: ignore[type-arg]
    """Keeps the file and has it read; with True, or the same file that is open already and False.

    `registry` is a slug to insist on; empty to tell from the header. Raises NotPermitted,
    ServiceError `file_empty`, `file_too_large`, `registry_unknown`.
    """
    if not may_upload(user=by):
        raise NotPermitted(_("You may not upload files. Ask staff with that permission."))
    if registry and registry not in REGISTRIES:
        raise ServiceError(_("Choose a registry of the list."), code="registry_unknown")
    file_name = PurePath(file.name or "").name[-255:] or "export"
    stored, size_bytes, sha256 = _store(file, file_name)
    upload = ImportUpload(
        file=stored,
        file_name=file_name,
        size_bytes=size_bytes,
        sha256=sha256,
        registry_asked=registry,
        uploaded_by=by,
    )
    try:
        with transaction.atomic():
            upload.save(force_insert=True)
            transaction.on_commit(lambda: upload_wake(upload_id=upload.pk))
    except IntegrityError:
        default_storage.delete(stored)
        known = upload_open(sha256=sha256)
        if known is None:
            raise
        return known, False
    return upload, True


def upload_open(*, sha256: str) -> ImportUpload | None:
    """The upload of this very file that is not at its end."""
    return ImportUpload.objects.filter(sha256=sha256, state__in=ImportUpload.OPEN_STATES).first()


def upload_confirm(*, upload: ImportUpload, by: User) -> ImportUpload:
    """Lets in what the preview showed. Repeating it is harmless.

    Raises NotPermitted, Conflict `not_previewed`.
    """
    if not may_confirm(user=by):
        raise NotPermitted(_("You may not import files. Ask staff with that permission."))
    with transaction.atomic():
        confirmed = ImportUpload.objects.filter(pk=upload.pk, state=State.PREVIEWED).update(
            state=State.CONFIRMED, confirmed_by=by, confirmed_at=timezone.now(), attempt=0
        )
        if confirmed:
            transaction.on_commit(lambda: upload_wake(upload_id=upload.pk))
    upload.refresh_from_db()
    if upload.state not in (State.CONFIRMED, State.IMPORTING, State.IMPORTED):
        raise Conflict(
            _("This file is not ready to be imported: %(state)s. Reload the page.")
            % {"state": upload.get_state_display()},
            code="not_previewed",
        )
    return upload


def upload_cancel(*, upload: ImportUpload, by: User) -> ImportUpload:
    """Nothing of the file gets in; an import under way is taken back. Repeating it is harmless.

    Raises NotPermitted, Conflict `upload_closed` once it is in.
    """
    if not (may_confirm(user=by) or (may_upload(user=by) and upload.uploaded_by_id == by.pk)):
        raise NotPermitted(_("You may not cancel this. Ask who uploaded it."))
    ImportUpload.objects.filter(pk=upload.pk, state__in=ImportUpload.OPEN_STATES).update(
        state=State.CANCELLED, cancelled_by=by, work_ended_at=timezone.now()
    )
    upload.refresh_from_db()
    if upload.state != State.CANCELLED:
        raise Conflict(
            _("It is too late to cancel: %(state)s.") % {"state": upload.get_state_display()},
            code="upload_closed",
        )
    return upload


def _store(file: File, file_name: str) -> tuple[str, int, str]:  # type: ignore[type-arg]
    """Where the file is kept, its size and its hash; read in one pass, never as a whole."""
    limit_bytes = settings.IMPORT_FILE_BYTES_MAX
    if (file.size or 0) > limit_bytes:
        raise _too_large(limit_bytes)
    digest, size_bytes = hashlib.sha256(), 0
    for chunk in file.chunks(_CHUNK_BYTES):
        digest.update(chunk)
        size_bytes += len(chunk)
    if size_bytes == 0:
        raise ServiceError(
            _("The file is empty. Download the export again."), code="file_empty", field="file"
        )
    name = get_valid_filename(file_name)[-100:]
    stored = default_storage.save(f"{FOLDER}/{uuid.uuid4().hex}/{name}", file)
    return stored, size_bytes, digest.hexdigest()


def _too_large(limit_bytes: int) -> ServiceError:
    return ServiceError(
        _("The file is larger than %(limit)s MB. Split the export by years and import each.")
        % {"limit": limit_bytes // 1_000_000},
        code="file_too_large",
        status=413,
        field="file",
    )

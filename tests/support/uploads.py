"""Registries' files as staff upload them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files import File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DEFAULT_DB_ALIAS, connections

from apps.accounts.models import User
from apps.registry.models import ImportUpload
from apps.registry.services.upload_work import upload_work
from apps.registry.services.uploads import upload_create
from tests.support.factories import staff_make
from tests.support.verra import write_export


def staff_of_imports() -> User:
    """May upload and confirm."""
    return staff_make(("add", ImportUpload), ("change", ImportUpload))  # type: ignore[arg-type]


def export_bytes(folder: Path, *rows: dict[str, str]) -> bytes:
    """An export of Verra with these rows."""
    return write_export(folder / "export.csv", *rows).read_bytes()


def uploaded(content: bytes, *, by: User | None = None, name: str = "vcus.csv") -> ImportUpload:
    """A file that waits to be read."""
    file: File[bytes] = SimpleUploadedFile(name, content)
    upload, is_new = upload_create(file=file, by=by or staff_of_imports())
    assert is_new
    return upload


def worked(upload: ImportUpload) -> ImportUpload:
    """What a worker makes of it."""
    upload_work(upload_id=upload.pk)
    upload.refresh_from_db()
    return upload


def previewed(content: bytes, *, by: User | None = None) -> ImportUpload:
    """A file that waits for confirmation."""
    upload = worked(uploaded(content, by=by))
    assert upload.state == ImportUpload.State.PREVIEWED, upload.failure
    return upload


@contextmanager
def imports_held() -> Iterator[None]:
    """Lets imports read their file and compare, and holds them there: they cannot write blocks."""
    connection = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE registry_serialblock IN SHARE MODE")
        yield
        connection.rollback()
    finally:
        connection.close()

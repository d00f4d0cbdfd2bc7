"""A worker dies in the middle of an import: nothing of it is there, and it is taken up again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apps.registry.models import ImportRun, ImportUpload, SerialBlock
from apps.registry.services.upload_work import uploads_left
from apps.registry.services.uploads import upload_confirm
from tests.support.live import until
from tests.support.uploads import export_bytes, imports_held, previewed, staff_of_imports, worked
from tests.support.verra import row
from tests.support.workers import worker_running

pytestmark = pytest.mark.django_db(transaction=True)

State = ImportUpload.State
ROWS = 40


def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_next_one_imports_once(
    tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    upload = previewed(export_bytes(tmp_path, *(row(n, n) for n in range(1, ROWS + 1))))

    def is_read() -> bool:
        upload.refresh_from_db()
        return (upload.state, upload.rows_read) == (State.IMPORTING, ROWS)

    with worker_running() as worker, imports_held():
        upload_confirm(upload=upload, by=staff_of_imports())
        until(is_read)
        assert uploads_left() == []
        worker.kill()
        worker.wait()
        until(lambda: uploads_left() == [upload.pk])
    assert not SerialBlock.objects.exists()
    assert not ImportRun.objects.exists()

    assert worked(upload).state == State.IMPORTED
    assert upload.attempt == 2
    assert SerialBlock.objects.count() == ROWS
    assert ImportRun.objects.count() == 1

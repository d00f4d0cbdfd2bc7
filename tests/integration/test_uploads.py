"""A registry's file from upload to import: what a worker does, and that it happens once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, connection, transaction

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.models import HistoryEntry, User
from apps.registry.imports.progress import Progress
from apps.registry.models import ImportRefusal, ImportRun, ImportUpload, SerialBlock
from apps.registry.services import upload_work as work
from apps.registry.services.upload_watch import UploadStopped, UploadWatch, watching
from apps.registry.services.upload_work import upload_work, uploads_left, uploads_worked_on
from apps.registry.services.uploads import upload_cancel, upload_confirm, upload_create
from apps.registry.tasks import uploads_sweep
from tests.support.factories import staff_make, user_make
from tests.support.uploads import export_bytes, previewed, staff_of_imports, uploaded, worked
from tests.support.verra import row

pytestmark = pytest.mark.django_db(transaction=True)

State = ImportUpload.State


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """Three rows, of which one is refused."""
    return export_bytes(tmp_path, row(1, 10), row(11, 20, ID="nobody"), row(21, 30))


def confirmed(content: bytes) -> ImportUpload:
    upload = previewed(content)
    return upload_confirm(upload=upload, by=staff_of_imports())


def elsewhere(do: Callable[[], Any]) -> None:
    """Does it through another connection, as a page does."""

    def run() -> None:
        try:
            do()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def cancel(upload: ImportUpload, by: User) -> None:
    upload_cancel(upload=ImportUpload.objects.get(pk=upload.pk), by=by)


def progress_of(upload: ImportUpload) -> tuple[str, int]:
    now = ImportUpload.objects.get(pk=upload.pk)
    return now.state, now.rows_read


def test_the_preview_says_what_would_happen_and_changes_nothing(content: bytes) -> None:
    upload = previewed(content)
    assert (upload.registry_code, upload.kind) == ("VCS", "transactions")
    assert (upload.rows, upload.accepted, upload.unchanged, upload.refused) == (3, 2, 0, 1)
    assert upload.accepted_grams == 20_000_000
    assert (upload.rows_read, upload.bytes_read) == (3, len(content))
    [refusal] = upload.refusals.all()
    assert (refusal.line, refusal.code) == (3, "value_quantity")
    assert "nobody" in refusal.text
    assert not SerialBlock.objects.exists()
    assert not ImportRun.objects.exists()


def test_confirmed_the_file_is_imported_in_the_name_of_who_confirmed(content: bytes) -> None:
    upload = worked(confirmed(content))
    assert upload.state == State.IMPORTED
    assert upload.run is not None
    assert (upload.run.accepted, upload.run.started_by) == (2, upload.confirmed_by)
    assert upload.run.file_name == "vcus.csv"
    assert SerialBlock.objects.count() == 2
    assert ImportRefusal.objects.count() == 1


def test_a_file_that_cannot_be_used_fails_with_its_sentence(content: bytes) -> None:
    upload = worked(uploaded(b"not,an,export\n1,2,3\n"))
    assert (upload.state, upload.failure_code) == (State.FAILED, "file_header")
    assert upload.failure.startswith("The first lines have no header")
    with pytest.raises(Conflict):
        upload_confirm(upload=upload, by=staff_of_imports())


def test_a_task_delivered_twice_works_once(content: bytes) -> None:
    upload = worked(confirmed(content))
    upload_work(upload_id=upload.pk)
    upload_work(upload_id=upload.pk + 1)
    assert ImportRun.objects.count() == 1


def test_confirming_twice_imports_once(content: bytes) -> None:
    upload = confirmed(content)
    upload_confirm(upload=upload, by=staff_of_imports())
    worked(upload)
    upload_confirm(upload=upload, by=staff_of_imports())
    assert worked(upload).state == State.IMPORTED
    assert ImportRun.objects.count() == 1


def test_while_a_worker_is_at_it_no_other_takes_it(content: bytes) -> None:
    upload = confirmed(content)
    with watching(upload.pk):
        assert uploads_worked_on() == {upload.pk}
        assert uploads_left() == []
        upload_work(upload_id=upload.pk)
    upload.refresh_from_db()
    assert upload.state == State.CONFIRMED
    assert uploads_left() == [upload.pk]


def test_two_workers_at_once_import_once(content: bytes) -> None:
    upload = confirmed(content)

    def run() -> None:
        try:
            upload_work(upload_id=upload.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    upload.refresh_from_db()
    assert (upload.state, ImportRun.objects.count()) == (State.IMPORTED, 1)


def test_without_its_lock_the_same_race_imports_once_all_the_same(content: bytes) -> None:
    """The lock saves work; what counts is the last statement of the import."""
    upload = confirmed(content)
    ImportUpload.objects.filter(pk=upload.pk).update(state=State.IMPORTING, attempt=1)
    first = ImportUpload.objects.get(pk=upload.pk)
    worked(upload)
    with pytest.raises(UploadStopped), transaction.atomic():
        work._finish(first, State.IMPORTED, run=upload.run)
    assert ImportRun.objects.count() == 1


def test_cancelled_while_it_is_read_nothing_of_it_gets_in(content: bytes) -> None:
    upload = confirmed(content)
    boss = staff_of_imports()

    telling = UploadWatch.progress

    def from_outside(watch: UploadWatch, progress: Progress) -> None:
        elsewhere(lambda: cancel(upload, boss))
        telling(watch, progress)

    with patch.object(UploadWatch, "progress", from_outside):
        worked(upload)
    assert (upload.state, upload.cancelled_by) == (State.CANCELLED, boss)
    assert not SerialBlock.objects.exists()
    assert not ImportRun.objects.exists()


def test_cancelled_after_the_reading_it_is_taken_back_at_its_end(content: bytes) -> None:
    upload = confirmed(content)
    boss = staff_of_imports()
    finishing = work._finish

    def cancelled_before(*args: Any, **values: Any) -> None:
        elsewhere(lambda: cancel(upload, boss))
        finishing(*args, **values)

    with patch.object(work, "_finish", cancelled_before):
        assert worked(upload).state == State.CANCELLED
    assert not SerialBlock.objects.exists()


def test_what_is_in_cannot_be_cancelled(content: bytes) -> None:
    upload = worked(confirmed(content))
    with pytest.raises(Conflict, match="too late"):
        upload_cancel(upload=upload, by=staff_of_imports())


def test_what_a_dead_worker_left_is_taken_up_again(content: bytes) -> None:
    upload = confirmed(content)
    ImportUpload.objects.filter(pk=upload.pk).update(state=State.IMPORTING, attempt=1)
    assert uploads_left() == [upload.pk]
    assert worked(upload).state == State.IMPORTED
    assert upload.attempt == 2


def test_a_file_that_ends_every_worker_is_given_up(content: bytes) -> None:
    upload = confirmed(content)
    ImportUpload.objects.filter(pk=upload.pk).update(state=State.IMPORTING, attempt=3)
    assert worked(upload).failure_code == "worker_lost"
    assert uploads_left() == []


def test_an_error_of_ours_fails_the_upload_and_says_so(content: bytes) -> None:
    upload = confirmed(content)
    with patch.object(work, "import_run", side_effect=ZeroDivisionError):
        worked(upload)
    assert (upload.state, upload.failure_code) == (State.FAILED, "internal")


def test_a_file_that_changed_since_its_preview_is_refused(content: bytes, tmp_path: Path) -> None:
    upload = confirmed(content)
    Path(upload.file.path).write_bytes(export_bytes(tmp_path, row(1, 10)))
    assert worked(upload).failure_code == "file_changed"
    assert not SerialBlock.objects.exists()


def test_the_same_file_again_leads_to_the_one_that_is_open(content: bytes) -> None:
    upload = uploaded(content)
    again, is_new = upload_create(file=SimpleUploadedFile("b.csv", content), by=staff_of_imports())
    assert (again, is_new) == (upload, False)
    upload_cancel(upload=upload, by=staff_of_imports())
    assert uploaded(content).pk != upload.pk, "what was cancelled may come again"


@pytest.mark.parametrize("may", ["add", "change"])
def test_who_may_not_upload_or_confirm_cannot(content: bytes, may: str) -> None:
    upload = previewed(content)
    one = staff_make((may, ImportUpload))  # type: ignore[arg-type]
    outsider = user_make()
    for person in (outsider, staff_make()):
        with pytest.raises(NotPermitted):
            upload_confirm(upload=upload, by=person)
        with pytest.raises(NotPermitted):
            upload_cancel(upload=upload, by=person)
        with pytest.raises(NotPermitted):
            uploaded(content + b"\n", by=person)
    if may == "add":
        with pytest.raises(NotPermitted):
            upload_confirm(upload=upload, by=one)
    else:
        with pytest.raises(NotPermitted):
            uploaded(content + b"\n", by=one)


@pytest.mark.parametrize(("limit", "code"), [(10, "file_too_large"), (10**9, "file_empty")])
def test_a_file_of_a_wrong_size_is_refused(settings: object, limit: int, code: str) -> None:
    settings.IMPORT_FILE_BYTES_MAX = limit  # type: ignore[attr-defined]
    with pytest.raises(ServiceError) as caught:
        uploaded(b"" if code == "file_empty" else b"x" * 11)
    assert caught.value.code == code
    assert not ImportUpload.objects.exists()


def test_progress_is_seen_from_outside_while_the_import_runs(content: bytes) -> None:
    upload = confirmed(content)
    seen: list[tuple[str, int]] = []
    telling = UploadWatch.progress

    def look(watch: UploadWatch, progress: Progress) -> None:
        telling(watch, progress)
        elsewhere(lambda: seen.append(progress_of(upload)))

    with patch.object(UploadWatch, "progress", look):
        worked(upload)
    assert seen == [(State.IMPORTING, 3)]


def test_the_sweep_wakes_a_worker_for_what_waits_alone(content: bytes) -> None:
    upload = uploaded(content)
    with patch("apps.registry.tasks.upload_wake") as wake:
        uploads_sweep()
        wake.assert_called_once_with(upload_id=upload.pk)
        with watching(upload.pk):
            uploads_sweep()
        worked(upload)
        uploads_sweep()
    assert wake.call_count == 1


def test_the_database_knows_that_what_is_imported_has_its_run_and_its_confirmation(
    content: bytes,
) -> None:
    upload = previewed(content)
    for wrong in ({"state": State.IMPORTED}, {"state": State.CONFIRMED}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportUpload.objects.filter(pk=upload.pk).update(**wrong)


def test_who_uploaded_confirmed_and_imported_is_in_the_history(content: bytes) -> None:
    upload = worked(confirmed(content))
    entries = HistoryEntry.objects.filter(table_name="registry_importupload").order_by("pk")
    states = [(entry.after or {}).get("state") for entry in entries]
    assert states == [
        *(State.UPLOADED, State.PREVIEWING, State.PREVIEWED, State.CONFIRMED),
        *(State.IMPORTING, State.IMPORTED),
    ]
    last = entries.last()
    assert last is not None
    assert last.actor == upload.confirmed_by


def test_a_refused_line_of_a_preview_that_died_is_not_shown_twice(content: bytes) -> None:
    upload = uploaded(content)
    with (
        patch.object(work, "_finish", side_effect=OperationalError("gone")),
        pytest.raises(OperationalError),
    ):
        upload_work(upload_id=upload.pk)
    assert worked(upload).refusals.count() == 1

"""What a worker does with an uploaded file: read it to show, or import it.

The row's state says which. Whoever works on a file holds an advisory lock on a connection of its
own, which the database lets go of when the worker dies; then the sweep wakes another, which takes
the file up again under the next `attempt`. The import's last statement, in its own transaction,
moves the row from `importing` to `imported` if that attempt is still the last one and nobody has
cancelled: so a file gets in once, whatever is delivered twice or killed in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Count, F, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.alone import worked_on
from apps.accounts.services.history import recorded_as
from apps.registry.models import ImportRun, ImportUpload
from apps.registry.refusals import FileRefused
from apps.registry.services.imports import import_run
from apps.registry.services.upload_watch import LOCK_CLASS, UploadStopped, UploadWatch, watching

log = structlog.get_logger(__name__)

State = ImportUpload.State
# A file that ends its worker every time must not go on doing so for ever.
ATTEMPTS_MAX: Final = 3
EXAMPLE_CHARS: Final = 200


def upload_work(*, upload_id: int) -> None:
    """Does what the upload's state asks for, unless another worker is at it."""
    with watching(upload_id) as watch:
        upload = ImportUpload.objects.filter(pk=upload_id).first()
        if watch is None or upload is None:
            return
        if upload.state in (State.UPLOADED, State.PREVIEWING):
            _work(upload, watch, State.PREVIEWING, _preview)
        elif upload.state in (State.CONFIRMED, State.IMPORTING):
            with recorded_as(user=upload.confirmed_by, source=f"import of {upload.file_name}"):
                _work(upload, watch, State.IMPORTING, _import)


def uploads_left() -> list[int]:
    """The uploads for which there is something to do and that no worker is at."""
    states = (*ImportUpload.WAITING_STATES, *ImportUpload.WORKED_STATES)
    left = ImportUpload.objects.filter(state__in=states).order_by("pk")
    taken = uploads_worked_on()
    return [pk for pk in left.values_list("pk", flat=True) if pk not in taken]


def uploads_worked_on() -> set[int]:
    """The uploads whose worker is alive."""
    return worked_on(LOCK_CLASS)


def _work(
    upload: ImportUpload,
    watch: UploadWatch,
    state: str,
    do: Callable[[ImportUpload, UploadWatch], None],
) -> None:
    """Takes the upload up under a new attempt, and closes it when its file cannot be used."""
    if not _taken_up(upload, state):
        return
    watch.attempt = upload.attempt
    try:
        do(upload, watch)
    except UploadStopped:
        log.info("upload_stopped", upload=upload.pk)
    except FileRefused as refused:
        _fail(upload, refused.code, str(refused))
    except (OperationalError, InterfaceError):
        # The database went away, not the file: the sweep takes it up again.
        raise
    except Exception:
        log.exception("upload_failed", upload=upload.pk)
        _fail(upload, "internal", _("Reading it failed on our side. Nothing was changed."))


def _taken_up(upload: ImportUpload, state: str) -> bool:
    if upload.attempt >= ATTEMPTS_MAX:
        message = _("Its worker ended before the file did, %(times)s times. Nothing was changed.")
        _fail(upload, "worker_lost", message % {"times": upload.attempt})
        return False
    taken = ImportUpload.objects.filter(
        pk=upload.pk, state=upload.state, attempt=upload.attempt
    ).update(
        state=state,
        attempt=F("attempt") + 1,
        rows_read=0,
        bytes_read=0,
        work_started_at=timezone.now(),
        work_ended_at=None,
    )
    upload.refresh_from_db()
    return bool(taken)


def _preview(upload: ImportUpload, watch: UploadWatch) -> None:
    found: dict[str, Any] = {}

    def finished(run: ImportRun) -> None:
        found.update(registry_code=run.registry.code, kind=run.kind, changes=_changes_of(run))

    watch.refusals_forget()
    outcome = import_run(
        path=Path(upload.file.path),
        registry=upload.registry_asked or None,
        is_dry_run=True,
        progress=watch.progress,
        report=watch.refusal_keep,
        finished=finished,
    )
    watch.refusals_flush()
    _finish(upload, State.PREVIEWED, **found, **asdict(outcome))


def _changes_of(run: ImportRun) -> list[dict[str, Any]]:
    """What the run changed of what was known, per kind of row and field: how often, the first."""
    kinds = run.changes.values("subject", "field").annotate(count=Count("pk"), first=Min("pk"))
    firsts = run.changes.in_bulk([kind["first"] for kind in kinds])
    return [
        {
            "subject": kind["subject"],
            "field": kind["field"],
            "count": kind["count"],
            "name": firsts[kind["first"]].name,
            "before": firsts[kind["first"]].before[:EXAMPLE_CHARS],
            "after": firsts[kind["first"]].after[:EXAMPLE_CHARS],
        }
        for kind in kinds.order_by("subject", "field")
    ]


def _import(upload: ImportUpload, watch: UploadWatch) -> None:
    def finished(run: ImportRun) -> None:
        if run.sha256 != upload.sha256:
            raise FileRefused("file_changed")
        _finish(upload, State.IMPORTED, run=run)

    import_run(
        path=Path(upload.file.path),
        registry=upload.registry_asked or None,
        by=upload.confirmed_by,
        progress=watch.progress,
        finished=finished,
    )


def _finish(upload: ImportUpload, state: str, **values: Any) -> None:
    """The end of this attempt, if it still is the one that counts. Raises UploadStopped."""
    finished = _mine(upload).update(
        state=state,
        work_ended_at=timezone.now(),
        bytes_read=upload.size_bytes,
        **values,
    )
    if not finished:
        raise UploadStopped


def _fail(upload: ImportUpload, code: str, message: str) -> None:
    _mine(upload).update(
        state=State.FAILED, failure_code=code, failure=message, work_ended_at=timezone.now()
    )


def _mine(upload: ImportUpload) -> Any:
    return ImportUpload.objects.filter(pk=upload.pk, state=upload.state, attempt=upload.attempt)

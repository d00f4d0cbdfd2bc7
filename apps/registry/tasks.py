"""Wake-ups of imports and comparisons. Any number of workers may run them at once, and twice."""

from __future__ import annotations

from celery import shared_task

from apps.registry.reconciling import statements_latest
from apps.registry.services.statements import statement_compare
from apps.registry.services.upload_work import upload_work, uploads_left
from apps.registry.wakeups import UPLOAD_WORK, upload_wake


@shared_task(name=UPLOAD_WORK)
def upload_work_task(upload_id: int) -> None:
    """Does with one uploaded file what its state asks for."""
    upload_work(upload_id=upload_id)


@shared_task(name="registry.uploads_sweep")
def uploads_sweep() -> None:
    """Wakes a worker for every file that waits and that nobody works on."""
    for upload_id in uploads_left():
        upload_wake(upload_id=upload_id)


@shared_task(name="registry.custody_compare")
def custody_compare() -> None:
    """Compares each registry's newest statement with what we hold by now."""
    for statement in statements_latest():
        statement_compare(statement=statement)

"""What people do with bulk orders: bring a file, plan it again, pause, resume, cancel.

Each step is one conditional UPDATE of the order's row: of two people, or two presses of one button,
one gets through and the other finds it done. The work is a worker's (`services/bulk_work.py`).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Final

import structlog
from celery import current_app
from celery.exceptions import OperationalError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import Asset, Owner, User
from apps.accounts.services.history import recorded_as
from apps.orderbook.models import BulkExecution, BulkOrder
from apps.orderbook.models.bulk import BPS
from apps.orderbook.services.bulk_rests import rests_cancel

log = structlog.get_logger(__name__)

State = BulkOrder.State
FOLDER: Final = "bulk-orders"
BULK_WORK: Final = "orderbook.bulk_work"
SOURCE: Final = "bulk order"
ORPHAN_AGE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is in the storage. `name` is what its owner calls it."""

    stored: str
    name: str
    size_bytes: int


def bulk_file_keep(*, file: Any) -> KeptFile:
    """Puts the file into the storage; before, and outside, any transaction.

    Raises ServiceError `file_empty`, `file_too_large`.
    """
    _file_check(file)
    name = PurePath(file.name or "").name[-255:] or "lines"
    stored = f"{FOLDER}/{uuid.uuid4().hex}/{get_valid_filename(name)[-100:]}"
    return KeptFile(default_storage.save(stored, file), name, file.size)


def bulk_file_drop(*, kept: KeptFile) -> None:
    """Takes a file that no order is made from out of the storage again."""
    default_storage.delete(kept.stored)


def bulk_files_forget() -> int:
    """Deletes files that no order was made from: whoever kept them died between the two. How many.

    A file is younger than its request, and no request takes a day.
    """
    if not default_storage.exists(FOLDER):
        return 0
    until, forgotten = timezone.now() - ORPHAN_AGE, 0
    for folder in default_storage.listdir(FOLDER)[0]:
        for name in default_storage.listdir(f"{FOLDER}/{folder}")[1]:
            stored = f"{FOLDER}/{folder}/{name}"
            if default_storage.get_modified_time(stored) >= until:
                continue
            if not BulkOrder.objects.filter(file=stored).exists():
                default_storage.delete(stored)
                forgotten += 1
    return forgotten


def bulk_order_create(*, file: Any, **terms: Any) -> BulkOrder:
    """Keeps the file and has it read and planned: `bulk_file_keep`, then `bulk_order_make`."""
    kept = bulk_file_keep(file=file)
    try:
        return bulk_order_make(kept=kept, **terms)
    except Exception:
        bulk_file_drop(kept=kept)
        raise


def bulk_order_make(
    *,
    owner: Owner,
    by: User,
    kept: KeptFile,
    name: str,
    quote: Asset,
    total_max: int | None = None,
    removals_min_bps: int = 0,
    project_max_bps: int = BPS,
) -> BulkOrder:
    """Has a kept file read and planned. `total_max` in quote micro-units, with fees.

    Raises ServiceError `invalid_bulk_order`; the file is then still there.
    """
    order = BulkOrder(
        owner=owner,
        made_by=by,
        name=name.strip(),
        quote=quote,
        total_max=total_max,
        removals_min_bps=removals_min_bps,
        project_max_bps=project_max_bps,
        file=kept.stored,
        file_name=kept.name,
        size_bytes=kept.size_bytes,
    )
    try:
        order.full_clean(exclude=["file", "owner", "made_by", "quote"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ServiceError(messages[0], code="invalid_bulk_order", field=field) from error
    with transaction.atomic():
        order.save(force_insert=True)
        wake_later(order)
    return order


def bulk_order_plan(*, order: BulkOrder, by: User) -> BulkOrder:
    """Has a planned order planned again on the books as they are now. Repeating it is harmless.

    Raises Conflict `not_planned` for an order that has no plan to be made anew.
    """
    _move(order, by, {State.PLANNED}, state=State.QUEUED, attempt=0)
    if order.state not in (State.QUEUED, State.PLANNING, State.PLANNED):
        raise Conflict(
            _("This order cannot be planned: %(state)s. Reload the page.")
            % {"state": order.get_state_display()},
            code="not_planned",
        )
    return order


def bulk_order_cancel(*, order: BulkOrder, by: User) -> BulkOrder:
    """Nothing more of the order will be placed. Repeating it is harmless.

    Raises Conflict `bulk_order_closed` once it is carried out or has failed.
    """
    _move(order, by, set(BulkOrder.OPEN_STATES), state=State.CANCELLED)
    # What was bought by then is still allotted to its lines, and retired or held as asked.
    _move(order, by, {State.RUNNING, State.PAUSED}, state=State.STOPPING)
    if order.state not in (State.CANCELLED, State.STOPPING):
        raise Conflict(
            _("It is too late to cancel: %(state)s.") % {"state": order.get_state_display()},
            code="bulk_order_closed",
        )
    return order


def bulk_order_pause(*, order: BulkOrder, by: User) -> BulkOrder:
    """No step is begun before it is resumed; one that is under way is finished first, and what
    waits in the books is cancelled.

    Raises Conflict `not_running`. Repeating it is harmless.
    """
    _move(order, by, {State.RUNNING}, state=State.PAUSED, pause=BulkExecution.Pause.ASKED)
    if order.state != State.PAUSED:
        raise Conflict(
            _("Only an order that is being carried out can be paused."), code="not_running"
        )
    return order


def bulk_order_resume(*, order: BulkOrder, by: User) -> BulkOrder:
    """Goes on where it was paused. Raises Conflict `not_paused`. Repeating it is harmless."""
    _move(order, by, {State.PAUSED}, state=State.RUNNING, pause=BulkExecution.Pause.NONE)
    if order.state != State.RUNNING:
        raise Conflict(_("Only a paused order can be resumed."), code="not_paused")
    return order


def bulk_order_wake(*, order_id: int) -> None:
    """Sends the task that works on an order. Without Redis the next sweep takes it up."""
    try:
        current_app.send_task(BULK_WORK, (order_id,))
    except (OperationalError, KombuError, RedisError, OSError) as exc:
        log.warning("wakeup_lost", bulk_order=order_id, error=type(exc).__name__)


def _move(
    order: BulkOrder, by: User, states: set[Any], *, pause: str | None = None, **values: Any
) -> None:
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        moved = BulkOrder.objects.filter(pk=order.pk, state__in=states).update(**values)
        if moved and pause is not None:
            started = order.executions.filter(started_at__isnull=False)
            started.update(pause=pause, told="", spread_at=None)
        if moved and values["state"] in (State.PAUSED, State.STOPPING):
            _rests_end(order)
        if moved and values["state"] in BulkOrder.WORK_STATES:
            wake_later(order)
    order.refresh_from_db()


def _rests_end(order: BulkOrder) -> None:
    """Cancels what waits in the books, in the transaction that says that it no longer should."""
    started = order.executions.filter(started_at__isnull=False)
    for execution in started.select_related("order__owner", "proposed_by"):
        rests_cancel(execution=execution)


def wake_later(order: BulkOrder) -> None:
    """Wakes a worker once what is written about the order is committed."""
    transaction.on_commit(lambda: bulk_order_wake(order_id=order.pk))


def _file_check(file: Any) -> None:
    if not file.size:
        raise ServiceError(
            _("The file is empty. Fill in the template and send it again."),
            code="file_empty",
            field="file",
        )
    if file.size > settings.BODY_BYTES_MAX:
        raise ServiceError(
            _("The file is larger than %(limit)s MB. Split it into several orders.")
            % {"limit": settings.BODY_BYTES_MAX // 1_000_000},
            code="file_too_large",
            status=413,
            field="file",
        )

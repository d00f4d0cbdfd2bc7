"""What people do with bulk orders: bring a file, plan it again, pause, resume, cancel.

Each step is one conditional UPDATE of the order's row: of two people, or two presses of one button,
one gets through and the other finds it done. The work is a worker's (`services/bulk_work.py`).
"""

from __future__ import annotations

import uuid
from pathlib import PurePath
from typing import Any, Final

import structlog
from celery import current_app
from celery.exceptions import OperationalError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import Asset, Owner, User
from apps.accounts.services.history import recorded_as
from apps.orderbook.models import BulkExecution, BulkOrder
from apps.orderbook.models.bulk import BPS

log = structlog.get_logger(__name__)

State = BulkOrder.State
FOLDER: Final = "bulk-orders"
BULK_WORK: Final = "orderbook.bulk_work"
SOURCE: Final = "bulk order"


def bulk_order_create(
    *,
    owner: Owner,
    by: User,
    file: Any,
    name: str,
    quote: Asset,
    total_max: int | None = None,
    removals_min_bps: int = 0,
    project_max_bps: int = BPS,
) -> BulkOrder:
    """Keeps the file and has it read and planned. `total_max` in quote micro-units, with fees.

    Raises ServiceError `file_empty`, `file_too_large`, `invalid_bulk_order`.
    """
    _file_check(file)
    file_name = PurePath(file.name or "").name[-255:] or "lines"
    order = BulkOrder(
        owner=owner,
        made_by=by,
        name=name.strip(),
        quote=quote,
        total_max=total_max,
        removals_min_bps=removals_min_bps,
        project_max_bps=project_max_bps,
        file_name=file_name,
        size_bytes=file.size,
    )
    try:
        order.full_clean(exclude=["file", "owner", "made_by", "quote"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ServiceError(messages[0], code="invalid_bulk_order", field=field) from error
    stored = get_valid_filename(file_name)[-100:]
    order.file.name = default_storage.save(f"{FOLDER}/{uuid.uuid4().hex}/{stored}", file)
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
    """No step is begun before it is resumed; one that is under way is finished first.

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
            order.executions.filter(started_at__isnull=False).update(pause=pause)
        if moved and values["state"] in BulkOrder.WORK_STATES:
            wake_later(order)
    order.refresh_from_db()


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

"""Closing alarms about our custody. Imports open them: `apps/registry/imports/alarms.py`."""

from __future__ import annotations

import structlog
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotPermitted, ServiceError
from apps.accounts.models import User
from apps.registry.models import CustodyAlarm

log = structlog.get_logger(__name__)
NOTE_LIMIT_CHARS = 500


def open_alarms() -> QuerySet[CustodyAlarm]:
    """The alarms that nobody has closed."""
    return CustodyAlarm.objects.filter(closed_at__isnull=True)


def may_close(*, user: User) -> bool:
    """Whether somebody is staff who may close alarms."""
    return user.is_staff and user.has_perm("registry.change_custodyalarm")


def custody_alarm_close(*, alarm: CustodyAlarm, by: User, note: str) -> CustodyAlarm:
    """Closes an alarm with what was found. A later file that says the same opens a new one.

    Raises NotPermitted, ServiceError `note_missing`, Conflict `alarm_closed`.
    """
    if not may_close(user=by):
        raise NotPermitted(_("You may not close alarms. Ask staff with that permission."))
    found = note.strip()[:NOTE_LIMIT_CHARS]
    if not found:
        raise ServiceError(
            _("Say what you found in the registry account."), code="note_missing", field="note"
        )
    # Nothing got updated: somebody else closed it first.
    if (
        not open_alarms()
        .filter(pk=alarm.pk)
        .update(closed_at=timezone.now(), closed_by=by, note=found)
    ):
        raise Conflict(_("This alarm is closed already."), code="alarm_closed")
    log.info("custody_alarm_closed", alarm=alarm.pk, by=by.pk)
    alarm.refresh_from_db()
    return alarm

"""The tradable classes, and the lock that whoever makes one scarcer takes."""

from __future__ import annotations

from django.db import OperationalError, connection
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from apps.accounts.errors import Conflict
from apps.accounts.ledger.models import Asset
from apps.registry.models import CreditClass, Project, Vintage

LOCK_TIMEOUT_MS = 5_000


def credit_class_ensure(*, project: Project, year: int) -> CreditClass:
    """The class of a project and vintage year with its asset, made when first asked for."""
    code = f"{project.code}-{year}"
    name = f"{project.name} {year}"[:200]
    asset, _made = Asset.objects.get_or_create(
        code=code, defaults={"kind": Asset.Kind.CREDIT, "name": name}
    )
    credit_class, _made = CreditClass.objects.get_or_create(
        project=project, year=year, defaults={"code": code, "asset": asset}
    )
    Vintage.objects.filter(project=project, year=year, credit_class=None).update(
        credit_class=credit_class
    )
    return credit_class


def credit_class_lock(*, credit_class: CreditClass) -> None:
    """Lock the class until the transaction ends: whoever takes grams of it waits in line.

    Take it before anything else; the ledger's balances come after. Raises Conflict `busy` after
    five seconds, which then also is the longest that any later lock of the transaction waits.
    """
    assert connection.in_atomic_block, "a lock lives in a transaction"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT_MS}ms"])
    try:
        CreditClass.objects.select_for_update(no_key=True).only("pk").get(pk=credit_class.pk)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise Conflict(
            _("Many people are using these credits just now. Nothing was taken; try again."),
            code="busy",
        ) from error

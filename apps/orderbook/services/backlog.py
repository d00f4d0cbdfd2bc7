"""Intake stops when the engine does not keep up: what cannot be carried out soon is not accepted.

How far a market's engine is behind is the age of the oldest command that it has not come to. Each
process looks that up for itself, and not for every order: what it knows is at most `LOOK_EVERY_S`
old, which is little beside the seconds that it is compared with. Cancels are taken in any case.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Final

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from apps.accounts.carrying import aside
from apps.accounts.errors import ServiceError
from apps.orderbook.models import Product

LOOK_EVERY_S: Final = 0.5

# Holes below the cursor are left out: they are few, and whoever passed them is at work.
_WAITING_S: Final = """
SELECT extract(epoch FROM clock_timestamp() - c.created_at)::float8
FROM orderbook_productlease lease CROSS JOIN LATERAL (
    SELECT created_at FROM orderbook_command
    WHERE id > lease.cursor AND id < (lease.product_id + 1) << 40 ORDER BY id LIMIT 1
) c WHERE lease.product_id = %s
"""

# By product: until when (monotonic seconds) nobody looks again, and what was seen.
_seen: dict[int, tuple[float, float]] = {}


class MarketBehind(ServiceError):
    """The market's engine does not keep up. Nothing was accepted."""

    code = "market_behind"
    status = 503
    retry_after_s = 1


def backlog_check(*, product: Product) -> None:
    """Raises MarketBehind while the market's oldest command has waited for too long."""
    if backlog_s(product.pk) > settings.JOURNAL_BEHIND_S_MAX:
        raise MarketBehind(
            _("This market does not keep up with its orders at the moment. Send it again soon.")
        )


def backlog_s(product_id: int) -> float:
    """For how many seconds the market's oldest command has waited, as this process last saw it."""
    now_s = time.monotonic()
    until_s, waiting_s = _seen.get(product_id, (0.0, 0.0))
    if now_s >= until_s:
        # Nobody else looks meanwhile.
        _seen[product_id] = now_s + LOOK_EVERY_S, waiting_s
        waiting_s = aside(partial(_look, product_id))
        _seen[product_id] = now_s + LOOK_EVERY_S, waiting_s
    return waiting_s


def _look(product_id: int) -> float:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING_S, [product_id])
        row = cursor.fetchone()
    return row[0] if row else 0.0


def backlog_forget() -> None:
    """Look again at the next order, whenever the last look was."""
    _seen.clear()

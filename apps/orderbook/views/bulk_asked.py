"""The bulk order that an address names."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest

from apps.accounts.acting import acting
from apps.orderbook.models import BulkOrder
from apps.orderbook.selectors.bulk_orders import bulk_order_of


def order_asked(request: HttpRequest, public_id: uuid.UUID) -> BulkOrder:
    """That of whom the request acts for; Http404 where they have none of this id."""
    found = bulk_order_of(acting(request).owner, public_id)
    if found is None:
        raise Http404(public_id)
    return found

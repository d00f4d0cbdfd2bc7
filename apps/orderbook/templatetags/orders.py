"""Orders in templates."""

from __future__ import annotations

import uuid

from django import template

from apps.orderbook import ids

register = template.Library()


@register.filter
def order_uuid(order_id: int) -> uuid.UUID:
    """The public name of an order."""
    return ids.order_uuid(order_id)

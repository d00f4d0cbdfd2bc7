"""Markets, the journal of commands and events, and what came of them."""

from apps.orderbook.models.journal import Command, Event, ProductLease
from apps.orderbook.models.market import Product
from apps.orderbook.models.trading import Fill, Order, Switch

__all__ = ["Command", "Event", "Fill", "Order", "Product", "ProductLease", "Switch"]

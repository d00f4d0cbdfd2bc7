"""What staff see of markets and trading, and the one thing they do there: list, halt and open."""

from apps.orderbook.admin import bulk_orders, journal, products, quotes, trading

__all__ = ["bulk_orders", "journal", "products", "quotes", "trading"]

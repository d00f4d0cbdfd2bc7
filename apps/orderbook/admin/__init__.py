"""What staff see of markets and trading, and the one thing they do there: list, halt and open."""

from apps.orderbook.admin import journal, products, trading

__all__ = ["journal", "products", "trading"]

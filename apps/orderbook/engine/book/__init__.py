"""The pure book: integers in, trades and holds out. No Django, no I/O, no clock, no randomness."""

from apps.orderbook.engine.book.core import Book
from apps.orderbook.engine.book.order import Order, Step, Terms

__all__ = ["Book", "Order", "Step", "Terms"]

"""The pure book: integers in, trades and holds out. No Django, no I/O, no clock, no randomness."""

from apps.orderbook.engine.book.amending import Amendment
from apps.orderbook.engine.book.core import Book
from apps.orderbook.engine.book.order import Activation, Order, Step, Terms
from apps.orderbook.engine.book.rules import Rules
from apps.orderbook.engine.book.turns import Turn

__all__ = ["Activation", "Amendment", "Book", "Order", "Rules", "Step", "Terms", "Turn"]

"""The matching engine: a pure book, and the process that makes what it decides durable."""

from apps.orderbook.engine import compiled

# What was compiled of this very code comes before its sources; of any other code it is not found.
__path__[:0] = compiled.paths()

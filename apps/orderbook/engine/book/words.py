"""The book's vocabulary as small integers, the same ones that the database stores."""

from __future__ import annotations

from typing import Final

BUY: Final = 0
SELL: Final = 1

LIMIT: Final = 0
MARKET: Final = 1

# Time in force: good till cancelled, immediate or cancel, fill or kill, good till a time.
GTC: Final = 0
IOC: Final = 1
FOK: Final = 2
GTT: Final = 3

# What a stop order waits for: a trade at its stop price or below, or at it or above.
LOSS: Final = 1
ENTRY: Final = 2

# Self-trade prevention: decrease and cancel, cancel oldest, cancel newest, cancel both.
DC: Final = 0
CO: Final = 1
CN: Final = 2
CB: Final = 3

# Why an order is done. From INSUFFICIENT_FUNDS on it was refused rather than cancelled.
FILLED: Final = 1
CANCELED: Final = 2
SELF_TRADE: Final = 3
NOT_FILLABLE: Final = 4
INSUFFICIENT_FUNDS: Final = 5
POST_ONLY: Final = 6
NOT_OPEN: Final = 7
INVALID: Final = 8
EXPIRED: Final = 9

# Why nothing was amended: there is no such order.
NOT_FOUND: Final = 10

# What breaks the market's rules: its limits on size and value, and its price band.
OUT_OF_LIMITS: Final = 11
OUT_OF_BAND: Final = 12

# What a market takes. POSTING: only orders that rest and take nothing. AUCTION: only orders that
# rest, and they do not trade until it ends. CANCELING and HALTED: cancels alone.
OPEN: Final = 0
POSTING: Final = 1
CANCELING: Final = 2
HALTED: Final = 3
AUCTION: Final = 4

# What a step of a command was; see `order.Step`.
MATCH: Final = 0
SELF_MATCH: Final = 1
SELF_CANCEL: Final = 2

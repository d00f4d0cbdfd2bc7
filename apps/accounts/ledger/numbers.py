"""Numbers of transfers: a batch draws one, and its rows stand behind it one by one.

So rows of one trade stand next to each other, and whoever writes many draws once.
"""

from __future__ import annotations

from typing import Final

# How many rows a batch has room for: more than a process has memory for.
PLACES: Final = 1 << 24
# Below it are rows of the time when each drew a number of its own.
NUMBERED_FROM: Final = 1 << 40
# What belongs to a trade refers to its fill, whose id has the market in the bits above these.
FILLS_FROM: Final = 1 << 40

DRAW: Final = "nextval('accounts_transfer_id_seq')"

"""How many examples property tests try: EXAMPLES=2000 in the environment tries that many."""

import os


def examples(usual: int) -> int:
    """What EXAMPLES says, else `usual`, which keeps the suite short."""
    return int(os.environ.get("EXAMPLES") or usual)

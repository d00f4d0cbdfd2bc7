"""Days as people write them."""

from __future__ import annotations

import re
from datetime import date


def day_of(text: str) -> date | None:
    """`2026-11-20` as a day; None for anything else."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

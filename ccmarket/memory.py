"""How often a process that serves requests looks for garbage."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Final

from django.conf import settings

# Objects made since the last look; looks at the young before one at the older ones, and so on.
THRESHOLDS: Final = (10_000, 20, 20)


def memory_settle() -> None:
    """What is loaded by now stays: it is not looked through any more.

    Else the collector goes through all code, models and views again and again while requests wait:
    a request makes some hundred objects, few of them in cycles.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)

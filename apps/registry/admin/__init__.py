"""What staff see and do. Django finds here whatever is registered in these modules."""

from apps.registry.admin import blocks, catalogue, custody, entries, imports, retirements

__all__ = ["blocks", "catalogue", "custody", "entries", "imports", "retirements"]

"""What staff see and do. Django finds here whatever is registered in these modules."""

from apps.registry.admin import (
    alarms,
    blocks,
    catalogue,
    changes,
    custody,
    entries,
    imports,
    retirements,
    taxonomy,
    uploads,
)

__all__ = [
    "alarms",
    "blocks",
    "catalogue",
    "changes",
    "custody",
    "entries",
    "imports",
    "retirements",
    "taxonomy",
    "uploads",
]

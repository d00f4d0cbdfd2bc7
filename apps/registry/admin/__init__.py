"""What staff see and do. Django finds here whatever is registered in these modules."""

from apps.registry.admin import (
    alarms,
    blocks,
    catalogue,
    changes,
    custody,
    entries,
    imports,
    labels,
    registry_retirements,
    retirements,
    splits,
    statements,
    taxonomy,
    uploads,
    withdrawals,
)

__all__ = [
    "alarms",
    "blocks",
    "catalogue",
    "changes",
    "custody",
    "entries",
    "imports",
    "labels",
    "registry_retirements",
    "retirements",
    "splits",
    "statements",
    "taxonomy",
    "uploads",
    "withdrawals",
]

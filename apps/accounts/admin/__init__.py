"""What staff see and do. Django finds here whatever is registered in these modules."""

from apps.accounts.admin import (
    access,
    apps,
    history,
    invoices,
    ledger,
    money,
    people,
    spending,
    verification,
)

__all__ = [
    "access",
    "apps",
    "history",
    "invoices",
    "ledger",
    "money",
    "people",
    "spending",
    "verification",
]

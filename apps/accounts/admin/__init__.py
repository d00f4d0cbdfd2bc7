"""What staff see and do. Django finds here whatever is registered in these modules."""

from apps.accounts.admin import access, ledger, money, people

__all__ = ["access", "ledger", "money", "people"]

"""What staff see and do. Django finds here whatever is registered in these modules."""

from apps.accounts.admin import access, history, ledger, money, people

__all__ = ["access", "history", "ledger", "money", "people"]

"""Who may do what in the admin."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Model


class AccountBackend(AuthenticationBackend):
    """Sign-in by email. Auditors may view every model and do nothing else, whatever was granted."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        if getattr(user_obj, "is_auditor", False):
            return bool(user_obj.is_active) and perm.partition(".")[2].startswith("view_")
        return bool(super().has_perm(user_obj, perm, obj=obj))

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        if getattr(user_obj, "is_auditor", False):
            return bool(user_obj.is_active)
        return bool(super().has_module_perms(user_obj, app_label))

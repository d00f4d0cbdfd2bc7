"""Which scope an API view needs."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.acting import ALL_SCOPES, acting
from apps.accounts.limits.throttle import charge_caller


class ScopePermission(BasePermission):
    """Signed in, and acting within `scope`."""

    scope: ClassVar[str]

    def has_permission(self, request: Request, view: APIView) -> bool:
        # A refusal is charged too, and says what is left.
        charge_caller(request, view)
        if not request.user.is_authenticated:
            return False
        acting(request).require(self.scope)
        return True


@cache
def HasScope(scope: str) -> type[ScopePermission]:  # noqa: N802 - reads as the class it gives
    """The permission class for a scope: `permission_classes = [HasScope("trade")]`."""
    assert scope in ALL_SCOPES, scope
    return type(f"Has{scope.title()}Scope", (ScopePermission,), {"scope": scope})

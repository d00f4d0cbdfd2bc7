"""Stopping the bridge alone, starting it again in two."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.accounts.models import User
from apps.accounts.services.four_eyes import may_propose
from apps.nft.models import BridgeHalt, BridgeResume
from apps.nft.services.halts import halt_create, resume_decide, resume_propose


@admin.register(BridgeHalt)
class BridgeHaltAdmin(StaffAdmin):
    """Adding one stops the bridge at once. A resumption, decided by a second person, ends it."""

    list_display = ("__str__", "is_open", "created_by", "created_at", "ended_at")
    list_select_related = ("created_by",)
    ordering = ("-pk",)
    actions = None

    @display(description=_("halted now"), boolean=True)  # type: ignore[untyped-decorator]
    def is_open(self, halt: BridgeHalt) -> bool:
        return halt.ended_at is None

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        shown = ("reason", "event", "created_by", "created_at", "ended_at")
        return ("reason",) if obj is None else shown

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[str, ...]:
        return () if obj is None else self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_propose(user=cast(User, request.user), model=BridgeResume)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(super().has_view_permission(request, obj)) or self.has_add_permission(request)

    def save_model(self, request: HttpRequest, obj: BridgeHalt, form: Any, change: bool) -> None:
        made = halt_create(reason=obj.reason, by=cast(User, request.user))
        obj.pk = made.pk


@admin.register(BridgeResume)
class BridgeResumeAdmin(FourEyesAdmin):
    """Approving ends the halt."""

    proposal_fields = ("halt", "finding", "is_event_settled")
    propose = staticmethod(resume_propose)
    decide = staticmethod(resume_decide)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "halt":
            kwargs["queryset"] = BridgeHalt.objects.filter(ended_at__isnull=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

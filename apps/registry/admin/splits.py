"""Cutting a block where the registry did, and the record of every cut."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.registry.models import BlockSplit
from apps.registry.services.splits import CUT_STATES, PERMISSION, block_split


class SplitForm(BaseDialogForm):
    """Where, and why."""

    last_serial = forms.IntegerField(
        label=_("Last serial of the lower part"), widget=UnfoldAdminIntegerFieldWidget
    )
    reason = forms.CharField(
        label=_("What it rests on"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Such as the registry's statement or its transaction."),
    )


class SplitAction(ModelAdmin):
    """For the admin of blocks: no grams move, so it takes one person."""

    actions_detail = ("split",)

    def has_split_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may change blocks, where there is something to cut."""
        block = self.get_object(request, object_id) if object_id else None
        return (
            block is not None
            and block.state in CUT_STATES
            and block.tonnes > 1
            and cast(User, request.user).has_perm(PERMISSION)
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Split"),
        permissions=["split"],
        icon="content_cut",
        dialog={
            "title": _("Split this block"),
            "description": _("As the registry did. Nothing moves, and it is never undone."),
            "form_class": SplitForm,
            "form_submit_text": _("Split"),
        },
    )
    def split(self, request: HttpRequest, form: SplitForm, object_id: str) -> HttpResponse:
        """Cuts the block in the name of whoever is signed in."""
        try:
            upper = block_split(
                block=self.get_object(request, object_id),
                last_serial=form.cleaned_data["last_serial"],
                reason=form.cleaned_data["reason"],
                by=cast(User, request.user),
            )
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, _("The upper part is now %(serial)s.") % {"serial": upper})
        return back_to_object(self, request, object_id)


@admin.register(BlockSplit)
class BlockSplitAdmin(ReadOnlyAdmin):
    """Every cut that was made, for ever."""

    list_display = ("at", "serial_before", "last_serial", "reason", "by")
    list_select_related = ("by",)
    search_fields = ("=serial_before",)
    fields = ("at", "serial_before", "last_serial", "lower", "upper", "reason", "by")
    ordering = ("-pk",)
    paginator = InfinitePaginator
    show_full_result_count = False

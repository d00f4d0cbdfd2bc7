"""Statements of our accounts at registries: uploaded, compared, and what to do about them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextInputWidget,
)

from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.registry.models import CustodyDifference, CustodyStatement
from apps.registry.refusals import FileRefused
from apps.registry.services.differences import difference_block, difference_receivable
from apps.registry.services.statements import statement_compare, statement_import

ADD = "registry.add_custodystatement"


class StatementForm(forms.ModelForm):  # type: ignore[type-arg]
    """The file as it was downloaded from the account."""

    file = forms.FileField(label=_("Statement"), widget=UnfoldAdminFileFieldWidget)

    class Meta:
        model = CustodyStatement
        fields = ("as_of", "accounts")
        widgets = {"as_of": UnfoldAdminDateWidget, "accounts": UnfoldAdminTextInputWidget}


class DifferenceInline(TabularInline):
    """What only one side has."""

    model = CustodyDifference
    fields = ("kind", "serial", "tonnes", "because")
    readonly_fields = fields
    extra = 0
    per_page = 50
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CustodyStatement)
class CustodyStatementAdmin(ReadOnlyAdmin):
    """Adding one compares it at once; nothing moves by it."""

    refusals: ClassVar = (ServiceError, FileRefused)

    form = StatementForm
    list_display = ("as_of", "registry", "file_name", "tonnes", "agreed_tonnes", "differing")
    list_filter = ("registry",)
    list_select_related = ("registry",)
    ordering = ("-as_of", "-pk")
    fields: ClassVar[tuple[str, ...]] = (
        *("registry", "as_of", "file_name", "accounts", "rows", "tonnes", "agreed_tonnes"),
        *("imported_by", "imported_at", "compared_at"),
    )
    readonly_fields = fields
    inlines: ClassVar[list[type[TabularInline]]] = [DifferenceInline]
    actions_detail = ("compare",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustodyStatement]:
        found: QuerySet[CustodyStatement] = super().get_queryset(request)
        return found.annotate(differing=Count("differences"))

    @display(description=_("differences"), ordering="differing")  # type: ignore[untyped-decorator]
    def differing(self, statement: Any) -> int:
        """How many runs of serials."""
        return int(statement.differing)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return cast(User, request.user).has_perm(ADD)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("file", "as_of", "accounts") if obj is None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else self.fields

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type[TabularInline]]:
        return [] if obj is None else self.inlines

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        upload = form.cleaned_data["file"]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / (Path(upload.name).name or "statement")
            with path.open("wb") as file:
                file.writelines(upload.chunks())
            made = statement_import(
                path=path, by=cast(User, request.user), as_of=obj.as_of, accounts=obj.accounts
            )
        # The page goes on with the statement that there is, which may be an earlier one.
        obj.__dict__.update(made.__dict__)

    def has_compare_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may add a statement."""
        return self.has_add_permission(request)

    @action(description=_("Compare again"), permissions=["compare"], icon="compare_arrows")  # type: ignore[untyped-decorator]
    def compare(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """With what we hold now."""
        statement_compare(statement=cast(Any, self.get_object(request, object_id)))
        return back_to_object(self, request, object_id)


@admin.register(CustodyDifference)
class CustodyDifferenceAdmin(ReadOnlyAdmin):
    """One run of serials that only one side has."""

    list_display = ("statement", "kind", "serial", "tonnes", "because")
    list_filter = ("kind", "because")
    list_select_related = ("statement__registry",)
    search_fields = ("=serial",)
    fields = ("statement", "kind", "serial", "tonnes", "because", "block")
    ordering = ("-statement", "pk")
    paginator = InfinitePaginator
    show_full_result_count = False
    actions_detail = ("receive",)

    def has_receive_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff who may propose receipts, where there is something to receive."""
        difference = self.get_object(request, object_id) if object_id else None
        return (
            difference is not None
            and difference_receivable(difference)
            and cast(User, request.user).has_perm("registry.add_custodyreceipt")
        )

    @action(description=_("Propose a receipt"), permissions=["receive"], icon="input")  # type: ignore[untyped-decorator]
    def receive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Goes on to the form of a receipt, with the block split off where it is a part."""
        difference = cast(CustodyDifference, self.get_object(request, object_id))
        try:
            block = difference_block(difference=difference, by=cast(User, request.user))
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
            return back_to_object(self, request, object_id)
        given = {"block": block.pk, "registry_reference": str(difference.statement)}
        url = reverse("admin:registry_custodyreceipt_add")
        return HttpResponseRedirect(f"{url}?{urlencode(given)}")

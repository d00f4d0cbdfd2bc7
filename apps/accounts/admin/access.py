"""API keys and wallets: to look at, and a key can be ended."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.admin.finding import people_found
from apps.accounts.admin.lists import LongListAdmin
from apps.accounts.models import ApiKey, User, Wallet
from apps.accounts.services.api_keys import api_key_limit, api_key_revoke


class LimitForm(BaseDialogForm):
    """How much one key may use; empty for what every key may."""

    per_s = forms.IntegerField(
        label=_("requests per second"),
        min_value=1,
        max_value=100_000,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    burst = forms.IntegerField(
        label=_("requests at once"),
        min_value=1,
        max_value=1_000_000,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
    )


@admin.register(ApiKey)
class ApiKeyAdmin(LongListAdmin):
    """Who gave which program what. The secrets are not shown to anybody."""

    list_display = ("name", "key", "owner", "user", "scopes", "last_used_at", "revoked_at")
    list_select_related = ("owner__user", "owner__organisation", "user")
    search_fields = ("key",)
    search_help_text = _("A key, or how the address or name of its user begins")
    exclude = ("secret_encrypted", "passphrase_digest")
    actions_detail = ("limit", "revoke")

    def rows_found(self, rows: QuerySet[ApiKey], term: str) -> QuerySet[ApiKey]:
        known = ApiKey.objects.filter(key=term).values("pk")
        of_people = ApiKey.objects.filter(user__in=people_found(term)).values("pk")
        return rows.filter(pk__in=known.union(of_people))

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff with the `change` permission, while the key works."""
        key = self.get_object(request, object_id) if object_id else None
        may = request.user.has_perm("accounts.change_apikey")
        return may and key is not None and key.revoked_at is None

    has_limit_permission = has_revoke_permission

    @action(  # type: ignore[untyped-decorator]
        description=_("Limits"),
        permissions=["limit"],
        icon="speed",
        dialog={
            "title": _("Limits of this key"),
            "description": _("Empty fields mean what every key may use."),
            "form_class": LimitForm,
            "form_submit_text": _("Save"),
        },
    )
    def limit(self, request: HttpRequest, form: LimitForm, object_id: str) -> HttpResponse:
        """Gives the key a bucket of its own size."""
        api_key_limit(
            api_key=self.get_object(request, object_id),
            per_s=form.cleaned_data["per_s"],
            burst=form.cleaned_data["burst"],
        )
        self.message_user(request, _("The limits are set."))
        return back_to_object(self, request, object_id)

    @action(  # type: ignore[untyped-decorator]
        description=_("Revoke"),
        permissions=["revoke"],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog={
            "title": _("Revoke this key"),
            "description": _("Programs that use it stop at once. It cannot be undone."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("Revoke"),
        },
    )
    def revoke(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Ends the key."""
        api_key_revoke(api_key=self.get_object(request, object_id), by=cast(User, request.user))
        self.message_user(request, _("The key is revoked."))
        return back_to_object(self, request, object_id)


@admin.register(Wallet)
class WalletAdmin(LongListAdmin):
    """Whose address it is, with the message and the signature that prove it."""

    list_display = ("address", "owner", "user", "chain_id", "linked_at", "unlinked_at")
    list_select_related = ("owner__user", "owner__organisation", "user")
    search_fields = ("address",)
    search_help_text = _("An address on chain, or how the address or name of its user begins")

    def rows_found(self, rows: QuerySet[Wallet], term: str) -> QuerySet[Wallet]:
        wallets = Wallet.objects.annotate(lower=Lower("address"))
        at_address = wallets.filter(lower=term.lower()).values("pk")
        of_people = Wallet.objects.filter(user__in=people_found(term)).values("pk")
        return rows.filter(pk__in=at_address.union(of_people))

"""Apps of developers, and who let them act: to look at, and to end."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import (
    AccessToken,
    Application,
    DeviceGrant,
    Grant,
    IDToken,
    RefreshToken,
)
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from apps.accounts.admin.dialogs import back_to_object
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.models import AppConsent
from apps.accounts.oauth.consents import consent_end

# The library's own pages would let staff make tokens for anybody.
for model in (AccessToken, Application, DeviceGrant, Grant, IDToken, RefreshToken):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Application)
class AppAdmin(ReadOnlyAdmin):
    """What was registered; its secret is only a digest, and not shown."""

    list_display = ("name", "user", "client_type", "created")
    list_select_related = ("user",)
    search_fields = ("name", "=client_id", "user__email")
    fields = ("name", "user", "client_id", "client_type", "redirect_uris", "created")
    ordering = ("-pk",)


@admin.register(AppConsent)
class AppConsentAdmin(ReadOnlyAdmin):
    """Who lets which app do what. Staff may end it."""

    list_display = ("application", "user", "owner", "scopes", "given_at", "ended_at")
    list_select_related = ("application", "user", "owner__user", "owner__organisation")
    search_fields = ("application__name", "user__email")
    ordering = ("-pk",)
    actions_detail = ("end",)

    def has_end_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Staff with the `change` permission, while the consent lasts."""
        consent = self.get_object(request, str(object_id)) if object_id is not None else None
        may = request.user.has_perm("accounts.change_appconsent")
        return may and consent is not None and consent.ended_at is None

    @action(  # type: ignore[untyped-decorator]
        description=_("End"),
        permissions=["end"],
        icon="link_off",
        variant=ActionVariant.DANGER,
        dialog={
            "title": _("End this consent"),
            "description": _("Every token of the app for this person ends at once."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("End"),
        },
    )
    def end(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Ends the app's tokens with it."""
        consent_end(consent=self.get_object(request, object_id))
        self.message_user(request, _("The consent is ended."))
        return back_to_object(self, request, object_id)

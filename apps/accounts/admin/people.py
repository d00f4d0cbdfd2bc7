"""Users, groups, organisations."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.finding import organisations_found, people_found
from apps.accounts.admin.lists import LongList, LongListAdmin
from apps.accounts.admin.readonly import ReadOnlyInline
from apps.accounts.models import Invitation, Membership, Organisation, Owner, User
from apps.accounts.services.users import owner_ensure


class NewUserForm(UserCreationForm):
    """By address instead of a user name."""

    class Meta:
        model = User
        fields = ("email", "name")


class RightsFilter(admin.SimpleListFilter):
    """Who may do more than others, or nothing any more."""

    title = _("rights")
    parameter_name = "rights"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("staff", _("Staff")),
            ("auditor", _("Auditors")),
            ("ended", _("Not active any more")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        match self.value():
            case "staff":
                return queryset.filter(is_staff=True)
            case "auditor":
                return queryset.filter(is_auditor=True)
            case "ended":
                return queryset.filter(is_active=False)
        return queryset


@admin.register(User)
class UserAdmin(LongList, DjangoUserAdmin, StaffAdmin):  # type: ignore[type-arg]
    """Staff may look; only a superuser changes people.

    Whoever could change another's password or rights could approve their own proposals.
    """

    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_staff", "is_auditor", "is_active", "date_joined")
    list_filter = (RightsFilter,)
    search_fields = ("email",)
    search_help_text = _("How an email address or a name begins")
    readonly_fields = ("public_id", "date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "public_id")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_auditor", "is_superuser")}),
        (_("Permissions"), {"fields": ("groups", "user_permissions")}),
        (_("Dates"), {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def rows_found(self, rows: QuerySet[User], term: str) -> QuerySet[User]:
        return rows.filter(pk__in=people_found(term))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            owner_ensure(user=obj)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, StaffAdmin):
    """Permissions that several people share."""


class MembershipInline(ReadOnlyInline):
    """Its members."""

    model = Membership
    fields = ("user", "role", "is_limited", "created_at")
    readonly_fields = fields


class AccountInline(ReadOnlyInline):
    """Its main account and its sub-accounts."""

    model = Owner
    verbose_name, verbose_name_plural = _("account"), _("accounts")
    fields = ("id", "department", "opened_at", "closed_at")
    readonly_fields = fields


class InvitationInline(ReadOnlyInline):
    """Who was asked to become a member, and what came of it."""

    model = Invitation
    fields = ("email", "role", "invited_by", "state", "created_at", "expires_at", "ended_at")
    readonly_fields = fields


@admin.register(Organisation)
class OrganisationAdmin(LongListAdmin):
    """Organisations with their members."""

    list_display = ("name", "country", "verified_until", "created_at")
    search_fields = ("name",)
    search_help_text = _("How the name begins")
    fields = ("name", "country", "verified_until", "public_id", "created_at")
    inlines = (MembershipInline, AccountInline, InvitationInline)

    def rows_found(self, rows: QuerySet[Organisation], term: str) -> QuerySet[Organisation]:
        return rows.filter(pk__in=organisations_found(term))

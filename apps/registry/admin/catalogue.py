"""Projects, their vintages, and the classes that trade. Registries' facts are not ours to edit."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.accounts.units import mass_text
from apps.registry.models import CreditClass, Project, Registry, Vintage
from apps.registry.registries import project_url
from apps.registry.standing import Standing, standings_of


class VintageInline(TabularInline):
    """The monitoring periods of a project."""

    model = Vintage
    fields = ("start", "end", "year", "issued_tonnes", "credit_class")
    readonly_fields = fields
    extra = 0
    can_delete = False
    ordering = ("-start",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Registry)
class RegistryAdmin(ReadOnlyAdmin):
    """The registries that credits come from."""

    list_display = ("name", "code", "url")
    fields = ("name", "code", "url")
    readonly_fields = fields
    ordering = ("name",)


@admin.register(Project)
class ProjectAdmin(StaffAdmin):
    """Staff write our own words about a project; the rest comes from imports."""

    list_display = ("code", "name", "kind", "country", "registry", "status")
    list_filter = ("registry", "kind")
    list_select_related = ("registry",)
    search_fields = ("code", "name", "proponent")
    ordering = ("code",)
    inlines: ClassVar[list[type[TabularInline]]] = [VintageInline]
    actions = None
    readonly_fields = (
        *("code", "name", "registry_page", "proponent", "project_type", "methodologies"),
        *("country", "status", "crediting_start", "crediting_end"),
        *("afolu_activities", "region", "location", "registered_on", "sdgs", "updated_at"),
    )
    fields = ("kind", "durability_years", "description", *readonly_fields)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description=_("at the registry"))  # type: ignore[untyped-decorator]
    def registry_page(self, project: Project) -> SafeString:
        """A link to the registry's own page of it."""
        url = project_url(project.registry.code, project.registry_project_id)
        return format_html('<a href="{}" rel="noopener">{}</a>', url, project.registry.name)


@admin.register(CreditClass)
class CreditClassAdmin(ReadOnlyAdmin):
    """What trades, and where its grams are."""

    list_display = ("code", "project", "year")
    list_select_related = ("project",)
    search_fields = ("code", "project__name")
    ordering = ("code",)
    fields = ("code", "project", "year", "asset", "received", "free", "tokenised", "retired")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[CreditClass]:
        return CreditClass.objects.select_related("project", "asset")

    @display(description=_("received"))  # type: ignore[untyped-decorator]
    def received(self, credit_class: CreditClass) -> str:
        """In custody, whatever became of it."""
        return mass_text(_standing(credit_class).received_grams)

    @display(description=_("free"))  # type: ignore[untyped-decorator]
    def free(self, credit_class: CreditClass) -> str:
        """Backing balances."""
        return mass_text(_standing(credit_class).free_grams)

    @display(description=_("out as NFTs"))  # type: ignore[untyped-decorator]
    def tokenised(self, credit_class: CreditClass) -> str:
        """On a chain."""
        return mass_text(_standing(credit_class).tokenised_grams)

    @display(description=_("retired"))  # type: ignore[untyped-decorator]
    def retired(self, credit_class: CreditClass) -> str:
        """For good."""
        return mass_text(_standing(credit_class).retired_grams)


def _standing(credit_class: CreditClass) -> Standing:
    return standings_of([credit_class]).get(credit_class.pk, Standing())

"""The taxonomy as staff keep it: types, methodologies, and how registries spell them.

An edit takes effect at once for every project; what nothing maps yet is a list of its own.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.registry.admin.spellings import SpellingForm
from apps.registry.models import (
    Methodology,
    MethodologySpelling,
    ProjectTerm,
    ProjectType,
    TypeCategory,
    TypeSpelling,
    UnmappedTerm,
)


@admin.register(TypeCategory)
class TypeCategoryAdmin(StaffAdmin):
    """Families of types."""

    list_display = ("name", "code")
    search_fields = ("name", "code")
    ordering = ("name",)


@admin.register(ProjectType)
class ProjectTypeAdmin(StaffAdmin):
    """What projects do."""

    list_display = ("name", "code", "category", "effect", "is_general")
    list_filter = ("category", "effect", "is_general")
    list_select_related = ("category",)
    search_fields = ("name", "code")
    ordering = ("name",)


@admin.register(Methodology)
class MethodologyAdmin(StaffAdmin):
    """The rules by which projects count."""

    list_display = ("code", "name", "program", "type")
    list_filter = ("program", "type__category")
    list_select_related = ("type",)
    search_fields = ("code", "name")
    autocomplete_fields = ("type",)
    ordering = ("code",)


@admin.register(TypeSpelling)
class TypeSpellingAdmin(StaffAdmin):
    """How types and activities are written."""

    form = SpellingForm
    list_display = ("text", "registry", "type")
    list_filter = ("registry", "type")
    list_select_related = ("registry", "type")
    search_fields = ("text",)
    autocomplete_fields = ("type",)
    fields = ("registry", "text", "type")
    ordering = ("text",)


@admin.register(MethodologySpelling)
class MethodologySpellingAdmin(StaffAdmin):
    """How methodologies are written."""

    form = SpellingForm
    list_display = ("text", "methodology")
    list_select_related = ("methodology",)
    search_fields = ("text", "methodology__code")
    autocomplete_fields = ("methodology",)
    fields = ("text", "methodology")
    ordering = ("text",)


@admin.register(UnmappedTerm)
class UnmappedTermAdmin(ReadOnlyAdmin):
    """Spellings to be mapped. The projects that have them stand under another of their terms,
    or under “Other”.
    """

    list_display = ("text", "kind", "registry", "projects", "map_it")
    list_display_links = None
    list_filter = ("registry",)
    list_select_related = ("registry",)
    search_fields = ("text",)
    ordering = ("-projects", "text")
    show_full_result_count = False

    @display(description=_("map"))  # type: ignore[untyped-decorator]
    def map_it(self, term: UnmappedTerm) -> SafeString:
        """A link to the form of a new spelling, filled in."""
        text = term.text[:200]
        if term.kind == ProjectTerm.Kind.METHODOLOGY:
            url, known = reverse("admin:registry_methodologyspelling_add"), {"text": text}
        else:
            url = reverse("admin:registry_typespelling_add")
            known = {"text": text, "registry": str(term.registry_id)}
        return format_html('<a href="{}?{}">{}</a>', url, urlencode(known), _("Map"))

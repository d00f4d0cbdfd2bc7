"""Labels and ratings as staff keep them: what there is, how registries spell it, who has it."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin
from apps.registry.admin.spellings import SpellingForm
from apps.registry.models import (
    Label,
    LabelGrant,
    LabelSpelling,
    Rating,
    RatingAgency,
    RatingGrade,
    UnmappedLabel,
)


class LabelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A label."""

    def clean_broader(self) -> Label | None:
        """The database refuses a circle as well, but not in a sentence."""
        broader: Label | None = self.cleaned_data["broader"]
        above = broader
        while above is not None:
            if above.pk == self.instance.pk:
                raise ValidationError(_("Choose a label that does not itself mean this one."))
            above = above.broader
        return broader


@admin.register(Label)
class LabelAdmin(StaffAdmin):
    """What credits can be labelled with."""

    form = LabelForm
    list_display = ("name", "code", "kind", "broader", "effect", "position")
    list_filter = ("kind",)
    list_select_related = ("broader",)
    search_fields = ("name", "code")
    autocomplete_fields = ("broader",)
    ordering = ("position", "code")


@admin.register(LabelSpelling)
class LabelSpellingAdmin(StaffAdmin):
    """How registries write labels."""

    form = SpellingForm
    list_display = ("text", "registry", "label")
    list_filter = ("registry",)
    list_select_related = ("registry", "label")
    search_fields = ("text", "label__name")
    autocomplete_fields = ("label",)
    fields = ("registry", "text", "label")
    ordering = ("text",)


@admin.register(LabelGrant)
class LabelGrantAdmin(StaffAdmin):
    """Labels with a source and dates: to a project, a monitoring period or a block."""

    list_display = ("label", "project", "vintage", "block", "on", "until")
    list_filter = ("label",)
    list_select_related = ("label", "project", "vintage__project", "block")
    search_fields = ("project__code", "vintage__project__code", "block__serial")
    autocomplete_fields = ("label", "project")
    raw_id_fields = ("vintage", "block")
    ordering = ("-on", "-pk")


@admin.register(UnmappedLabel)
class UnmappedLabelAdmin(ReadOnlyAdmin):
    """What registries write on credits that no spelling stands for yet: nobody has that label."""

    list_display = ("text", "registry", "map_it")
    list_display_links = None
    list_filter = ("registry",)
    list_select_related = ("registry",)
    search_fields = ("text",)
    ordering = ("text",)

    @display(description=_("map"))  # type: ignore[untyped-decorator]
    def map_it(self, label: UnmappedLabel) -> SafeString:
        """A link to the form of a new spelling, filled in."""
        known = {"text": label.text, "registry": str(label.registry_id)}
        url = reverse("admin:registry_labelspelling_add")
        return format_html('<a href="{}?{}">{}</a>', url, urlencode(known), _("Map"))


@admin.register(RatingAgency)
class RatingAgencyAdmin(StaffAdmin):
    """Who rates projects."""

    list_display = ("name", "code", "url")
    search_fields = ("name", "code")
    ordering = ("name",)


@admin.register(RatingGrade)
class RatingGradeAdmin(StaffAdmin):
    """The steps of agencies' scales. Higher ranks are better."""

    list_display = ("grade", "agency", "rank")
    list_filter = ("agency",)
    list_select_related = ("agency",)
    search_fields = ("grade", "agency__name")
    ordering = ("agency", "-rank")


@admin.register(Rating)
class RatingAdmin(StaffAdmin):
    """Grades given to projects."""

    list_display = ("project", "year", "grade", "on")
    list_filter = ("grade__agency",)
    list_select_related = ("project", "grade__agency")
    search_fields = ("project__code", "project__name")
    autocomplete_fields = ("project", "grade")
    ordering = ("-on", "-pk")

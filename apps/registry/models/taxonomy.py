"""One taxonomy over what eight registries call types, activities and methodologies.

Staff keep types, methodologies and their spellings. What a project is follows from them: the
database works out `ProjectTerm` and `ProjectTaxonomy` anew whenever a project or a spelling
changes (docs/adr/0009), so that a new mapping needs no new import.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.registry.models.catalogue import Project, Registry


class Effect(models.TextChoices):
    """What a credit of the kind does to the greenhouse gases in the air."""

    REMOVAL = "removal", _("Removal")
    REDUCTION = "reduction", _("Reduction")
    MIXED = "mixed", _("Removal and reduction")


def folded_text() -> models.GeneratedField:
    """`text` in small letters without punctuation, as the database compares spellings."""
    return models.GeneratedField(
        expression=Func(F("text"), function="registry_fold"),
        output_field=models.TextField(),
        db_persist=True,
        verbose_name=_("as compared"),
    )


class TypeCategory(models.Model):
    """A family of types."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("category of projects")
        verbose_name_plural = _("categories of projects")
        ordering = ["name"]

    def __str__(self) -> str:
        return gettext(self.name)


class ProjectType(models.Model):
    """What a project does, whichever registry it is in."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    category = models.ForeignKey(TypeCategory, models.PROTECT, related_name="types")
    effect = models.CharField(
        _("effect"),
        max_length=10,
        choices=Effect,
        blank=True,
        help_text=_("For credits whose registry does not label them."),
    )
    durability_years = models.PositiveIntegerField(
        _("durability, years"),
        null=True,
        blank=True,
        help_text=_("How long the carbon stays stored."),
    )
    is_general = models.BooleanField(
        _("general"),
        default=False,
        help_text=_("Says little: any other type that fits the project counts before it."),
    )

    class Meta:
        verbose_name = _("type of projects")
        verbose_name_plural = _("types of projects")
        ordering = ["name"]

    def __str__(self) -> str:
        return gettext(self.name)


class Methodology(models.Model):
    """The rules by which a project counts its tonnes."""

    code = models.CharField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=300, blank=True)
    program = models.CharField(_("program"), max_length=40, blank=True)
    url = models.URLField(_("page"), max_length=300, blank=True)
    type = models.ForeignKey(
        ProjectType, models.PROTECT, null=True, blank=True, related_name="methodologies"
    )

    class Meta:
        verbose_name = _("methodology")
        verbose_name_plural = _("methodologies")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name or self.code


class TypeSpelling(models.Model):
    """How a registry writes a type or an activity; without a registry, how any of them does.

    It stands for every text that begins with it, word by word. The longest counts, and of two as
    long the registry's own.
    """

    registry = models.ForeignKey(
        Registry, models.PROTECT, null=True, blank=True, related_name="type_spellings"
    )
    text = models.CharField(_("spelling"), max_length=200)
    folded = folded_text()
    type = models.ForeignKey(ProjectType, models.PROTECT, related_name="spellings")

    class Meta:
        verbose_name = _("spelling of a type")
        verbose_name_plural = _("spellings of types")
        constraints = [
            models.UniqueConstraint(
                fields=["registry", "folded"],
                name="registry_type_spelling_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.text


class MethodologySpelling(models.Model):
    """How a methodology is written. It stands for every text that begins with it, word by word."""

    text = models.CharField(_("spelling"), max_length=200)
    folded = folded_text()
    methodology = models.ForeignKey(Methodology, models.PROTECT, related_name="spellings")

    class Meta:
        verbose_name = _("spelling of a methodology")
        verbose_name_plural = _("spellings of methodologies")
        constraints = [
            models.UniqueConstraint(fields=["folded"], name="registry_methodology_spelling_once"),
        ]

    def __str__(self) -> str:
        return self.text


class ProjectTerm(models.Model):
    """One thing that is said of what a project does, and what we take it for. Kept by the database.

    `type` is null where no spelling fits or a methodology tells no type, `methodology` for what
    is none or unknown. `is_known` tells whether a spelling fits.
    """

    class Kind(models.TextChoices):
        OWN = "own", _("Our own word")
        ACTIVITY = "activity", _("Activity")
        METHODOLOGY = "methodology", _("Methodology")
        TYPE = "type", _("Type")

    project = models.ForeignKey(Project, models.CASCADE, related_name="terms")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    rank = models.PositiveSmallIntegerField(_("rank"))
    position = models.PositiveSmallIntegerField(_("position"))
    text = models.TextField(_("text"))
    type = models.ForeignKey(ProjectType, models.CASCADE, null=True, related_name="+")
    methodology = models.ForeignKey(Methodology, models.CASCADE, null=True, related_name="terms")
    is_known = models.BooleanField(_("known"))

    class Meta:
        verbose_name = _("term of a project")
        verbose_name_plural = _("terms of projects")
        ordering = ["project", "rank", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "rank", "position"], name="registry_project_term_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class ProjectTaxonomy(models.Model):
    """The type of a project. Kept by the database; `basis` is what it follows from, if anything."""

    project = models.OneToOneField(
        Project, models.CASCADE, primary_key=True, related_name="taxonomy"
    )
    type = models.ForeignKey(ProjectType, models.CASCADE, related_name="projects")
    basis = models.CharField(_("basis"), max_length=12, choices=ProjectTerm.Kind, blank=True)

    class Meta:
        verbose_name = _("type of a project")
        verbose_name_plural = _("types of the projects")

    def __str__(self) -> str:
        return f"{self.project_id}: {self.type}"


class UnmappedTerm(models.Model):
    """A spelling that nothing maps yet, and how many projects have it. A view: read it only."""

    id = models.TextField(primary_key=True)
    registry = models.ForeignKey(Registry, models.DO_NOTHING, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=ProjectTerm.Kind)
    text = models.TextField(_("text"))
    projects = models.IntegerField(_("projects"))

    class Meta:
        managed = False
        db_table = "registry_unmappedterm"
        verbose_name = _("spelling to be mapped")
        verbose_name_plural = _("spellings to be mapped")

    def __str__(self) -> str:
        return self.text

"""What rating agencies say of projects, on scales that are rows, so that "at least" is a sum."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.registry.models.catalogue import Project


class RatingAgency(models.Model):
    """Somebody who rates projects."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    url = models.URLField(_("web site"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("rating agency")
        verbose_name_plural = _("rating agencies")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RatingGrade(models.Model):
    """One step of an agency's scale. Higher ranks are better; agencies do not compare."""

    agency = models.ForeignKey(RatingAgency, models.PROTECT, related_name="grades")
    grade = models.CharField(_("grade"), max_length=12)
    rank = models.PositiveSmallIntegerField(_("rank"))

    class Meta:
        verbose_name = _("grade of a scale")
        verbose_name_plural = _("grades of scales")
        ordering = ["agency", "-rank"]
        constraints = [
            models.UniqueConstraint(fields=["agency", "grade"], name="registry_grade_once"),
            models.UniqueConstraint(fields=["agency", "rank"], name="registry_grade_rank_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agency} {self.grade}"


class Rating(models.Model):
    """A grade given to a project, or to one vintage year of it, and where to read it.

    The newest of an agency counts; for a year, the year's own before the project's.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="ratings")
    year = models.PositiveSmallIntegerField(_("vintage year"), null=True, blank=True)
    grade = models.ForeignKey(RatingGrade, models.PROTECT, related_name="ratings")
    on = models.DateField(_("date"))
    url = models.URLField(_("source"), max_length=500)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "year", "grade", "on"],
                name="registry_rating_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grade}, {self.on}"


class ClassRating(models.Model):
    """What of each agency's ratings counts for a class today. A view: read it only."""

    id = models.TextField(primary_key=True)
    credit_class = models.ForeignKey(
        "registry.CreditClass", models.DO_NOTHING, related_name="ratings"
    )
    agency = models.ForeignKey(RatingAgency, models.DO_NOTHING, related_name="+")
    rating = models.ForeignKey(Rating, models.DO_NOTHING, related_name="+")
    rank = models.PositiveSmallIntegerField(_("rank"))

    class Meta:
        managed = False
        db_table = "registry_classrating"
        verbose_name = _("rating of a class")
        verbose_name_plural = _("ratings of classes")

    def __str__(self) -> str:
        return self.id

"""What the registries publish: projects and their vintages, and the classes that trade."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from apps.accounts.models import Asset


class Registry(models.Model):
    """A public registry of carbon credits. `code` prefixes our project codes: VCS, GS, ACR."""

    code = models.CharField(_("code"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=120)
    url = models.URLField(_("web site"), blank=True)

    class Meta:
        verbose_name = _("registry")
        verbose_name_plural = _("registries")

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """A project as its registry describes it."""

    registry = models.ForeignKey(Registry, models.PROTECT, related_name="projects")
    registry_project_id = models.CharField(_("registry's id"), max_length=40)
    code = models.CharField(_("code"), max_length=60, unique=True, help_text="VCS-1686")
    name = models.CharField(_("name"), max_length=400)
    proponent = models.CharField(_("proponent"), max_length=400, blank=True)
    kind = models.CharField(
        _("kind"),
        max_length=60,
        blank=True,
        help_text=_("Our own word for it. It counts before the registry's when the type is told."),
    )
    project_type = models.CharField(_("type, as the registry says"), max_length=200, blank=True)
    methodologies = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, verbose_name=_("methodologies")
    )
    afolu_activities = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        verbose_name=_("activities in agriculture, forestry and land use"),
    )
    country = CountryField(_("country"), blank=True)
    region = models.TextField(_("state or region"), blank=True)
    location = models.TextField(_("location"), blank=True)
    latitude = models.DecimalField(
        _("latitude"), max_digits=8, decimal_places=6, null=True, blank=True
    )
    longitude = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    status = models.CharField(_("status"), max_length=80, blank=True)
    crediting_start = models.DateField(_("crediting from"), null=True, blank=True)
    crediting_end = models.DateField(_("crediting to"), null=True, blank=True)
    registered_on = models.DateField(_("registered"), null=True, blank=True)
    estimated_annual_tonnes = models.BigIntegerField(
        _("estimated tonnes a year"), null=True, blank=True
    )
    sdgs = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        blank=True,
        verbose_name=_("Sustainable Development Goals"),
    )
    durability_years = models.PositiveIntegerField(
        _("durability, years"),
        null=True,
        blank=True,
        help_text=_("How long the carbon stays stored; empty takes the type's."),
    )
    website = models.TextField(_("web site"), blank=True)
    further = models.JSONField(
        _("further facts"),
        default=dict,
        blank=True,
        help_text=_("What else the registry's list says, by the names in imports/further.py."),
    )
    description = models.TextField(_("description"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.UniqueConstraint(
                fields=["registry", "registry_project_id"], name="registry_project_once"
            ),
            models.CheckConstraint(
                name="registry_project_place",
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(
                    latitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__isnull=False,
                    longitude__range=(-180, 180),
                ),
            ),
            models.CheckConstraint(
                name="registry_project_goals",
                condition=Q(sdgs__contained_by=list(range(1, 18))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class CreditClass(models.Model):
    """The fungible asset that trades: all credits of one project and vintage year."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="credit_classes")
    year = models.PositiveSmallIntegerField(_("vintage year"))
    code = models.CharField(_("code"), max_length=40, unique=True, help_text="VCS-1686-2017")
    asset = models.OneToOneField(Asset, models.PROTECT, related_name="credit_class")

    class Meta:
        verbose_name = _("credit class")
        verbose_name_plural = _("credit classes")
        constraints = [
            models.UniqueConstraint(fields=["project", "year"], name="registry_class_once")
        ]

    def __str__(self) -> str:
        return self.code


class Vintage(models.Model):
    """A monitoring period for which a registry issued credits, and the year they are called after.

    A registry may split one period into several years. The class is there once credits of that
    year came into custody; `issued_tonnes` is null where the registry's file does not say.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="vintages")
    credit_class = models.ForeignKey(
        CreditClass, models.PROTECT, null=True, blank=True, related_name="vintages"
    )
    start = models.DateField(_("from"))
    end = models.DateField(_("to"))
    year = models.PositiveSmallIntegerField(_("vintage year"))
    issued_tonnes = models.BigIntegerField(_("total issuance, tonnes"), null=True, blank=True)

    class Meta:
        verbose_name = _("vintage")
        verbose_name_plural = _("vintages")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "start", "end", "year"], name="registry_vintage_once"
            ),
            models.CheckConstraint(
                name="registry_vintage_sane",
                condition=Q(end__gte=F("start"))
                & (Q(issued_tonnes__isnull=True) | Q(issued_tonnes__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.code} {self.start}..{self.end}"

"""What credits are labelled with: the registries' own words, and what staff add with a source.

A block has the labels that its registry writes on it, those on which all issuances of its project
and year agree, the goals of its project, and what staff granted to it, its period or its project.
A class has a label if all its blocks in custody have it; if only some do, it has it partly. The
database works it out at the end of each transaction that touched any of this (docs/adr/0010).
"""

from __future__ import annotations

from django.contrib.postgres.fields import BigIntegerRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.registry.models.blocks import SerialBlock
from apps.registry.models.catalogue import CreditClass, Project, Registry, Vintage
from apps.registry.models.fields import DateMultiRangeField
from apps.registry.models.taxonomy import Effect, folded_text


class Label(models.Model):
    """One statement about credits. Who has it also has what is `broader`: CCB Gold is CCB."""

    class Kind(models.TextChoices):
        QUALITY = "quality", _("Quality")
        CORSIA = "corsia", _("Aviation (CORSIA)")
        ARTICLE_6 = "article6", _("Article 6 of the Paris Agreement")
        BENEFIT = "benefit", _("Benefits beyond carbon")
        GOAL = "goal", _("Sustainable Development Goals")
        EFFECT = "effect", _("Removal or reduction")
        COMPLIANCE = "compliance", _("Compliance programs")
        OTHER = "other", _("Other labels")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    broader = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="narrower"
    )
    effect = models.CharField(
        _("effect"),
        max_length=10,
        choices=Effect,
        blank=True,
        help_text=_("What the label says of removal or reduction, if anything."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    url = models.URLField(_("page"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                name="registry_label_not_its_own_broader",
                condition=Q(broader__isnull=True) | ~Q(broader=F("id")),
            ),
        ]

    def __str__(self) -> str:
        return gettext(self.name)


class LabelSpelling(models.Model):
    """How a registry writes a label; without a registry, how any of them does. The whole text."""

    registry = models.ForeignKey(
        Registry, models.PROTECT, null=True, blank=True, related_name="label_spellings"
    )
    text = models.CharField(_("spelling"), max_length=200)
    folded = folded_text()
    label = models.ForeignKey(Label, models.PROTECT, related_name="spellings")

    class Meta:
        verbose_name = _("spelling of a label")
        verbose_name_plural = _("spellings of labels")
        constraints = [
            models.UniqueConstraint(
                fields=["registry", "folded"],
                name="registry_label_spelling_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.text


class LabelGrant(models.Model):
    """A label that staff give to a project, a monitoring period or a block, and where it says so.

    A letter of authorisation or a corresponding adjustment is one: its date, its document.
    """

    label = models.ForeignKey(Label, models.PROTECT, related_name="grants")
    project = models.ForeignKey(
        Project, models.PROTECT, null=True, blank=True, related_name="label_grants"
    )
    vintage = models.ForeignKey(
        Vintage, models.PROTECT, null=True, blank=True, related_name="label_grants"
    )
    block = models.ForeignKey(
        SerialBlock, models.PROTECT, null=True, blank=True, related_name="label_grants"
    )
    grams = BigIntegerRangeField(
        _("gram addresses"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Of the block as it was then: its pieces keep the label when it is split."),
    )
    on = models.DateField(_("since"))
    until = models.DateField(_("until, inclusive"), null=True, blank=True)
    source_url = models.URLField(_("source"), max_length=500)
    document_url = models.URLField(_("document"), max_length=500, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("label given by staff")
        verbose_name_plural = _("labels given by staff")
        indexes = [GistIndex(fields=["grams"], name="registry_grant_grams")]
        constraints = [
            models.CheckConstraint(
                name="registry_grant_has_one_scope",
                condition=Q(project__isnull=False, vintage__isnull=True, block__isnull=True)
                | Q(project__isnull=True, vintage__isnull=False, block__isnull=True)
                | Q(project__isnull=True, vintage__isnull=True, block__isnull=False),
                violation_error_message=_("Choose a project, a vintage or a block: just one."),
            ),
            models.CheckConstraint(
                name="registry_grant_ends_after_it_starts",
                condition=Q(until__isnull=True) | Q(until__gte=F("on")),
                violation_error_message=_("It cannot end before it starts."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}, {self.on}"


class LabelWord(models.Model):
    """A label in the words of a registry, once it was seen in a file. Kept by the database."""

    registry = models.ForeignKey(Registry, models.PROTECT, related_name="+")
    text = models.CharField(_("text"), max_length=200)

    class Meta:
        verbose_name = _("label in a registry's words")
        verbose_name_plural = _("labels in registries' words")
        constraints = [
            models.UniqueConstraint(fields=["registry", "text"], name="registry_label_word_once"),
        ]

    def __str__(self) -> str:
        return self.text


class CarriedLabel(models.Model):
    """On which days any of a class has a label, and on which all of it. Kept by the database.

    A grant begins and ends with a day; `ClassLabel` is what holds today.
    """

    credit_class = models.ForeignKey(CreditClass, models.CASCADE, related_name="+")
    label = models.ForeignKey(Label, models.CASCADE, related_name="+", db_index=False)
    days = DateMultiRangeField(_("days"))
    whole_days = DateMultiRangeField(_("days of all blocks"))

    class Meta:
        verbose_name = _("label that a class carries")
        verbose_name_plural = _("labels that classes carry")
        constraints = [
            # In this order: the labels of a class are found by the index of its key.
            models.UniqueConstraint(
                fields=["label", "credit_class"], name="registry_carried_label_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_class_id}: {self.label}"


class LabelsDue(models.Model):
    """A class, or all of them, whose labels the running transaction works out at its end.

    Only the database writes it; no transaction leaves a row behind.
    """

    credit_class = models.BigIntegerField(null=True, db_column="credit_class_id")

    class Meta:
        verbose_name = _("class whose labels are due")
        verbose_name_plural = _("classes whose labels are due")

    def __str__(self) -> str:
        return str(self.credit_class or "*")


class ClassLabel(models.Model):
    """A label of a class, with all that is broader: whole, or partly. A view: read it only."""

    id = models.BigIntegerField(primary_key=True)
    credit_class = models.ForeignKey(CreditClass, models.DO_NOTHING, related_name="labels")
    label = models.ForeignKey(Label, models.DO_NOTHING, related_name="+")
    is_whole = models.BooleanField(_("of all blocks"))

    class Meta:
        managed = False
        db_table = "registry_classlabel"
        verbose_name = _("label of a class")
        verbose_name_plural = _("labels of classes")

    def __str__(self) -> str:
        return f"{self.credit_class_id}: {self.label}"


class ClassEffect(models.Model):
    """Removal or reduction, by the labels of a class, else by its type. A view: read it only."""

    credit_class = models.OneToOneField(
        CreditClass, models.DO_NOTHING, primary_key=True, related_name="effect"
    )
    effect = models.CharField(_("effect"), max_length=10, choices=Effect, blank=True)

    class Meta:
        managed = False
        db_table = "registry_classeffect"
        verbose_name = _("effect of a class")
        verbose_name_plural = _("effects of classes")

    def __str__(self) -> str:
        return self.effect


class UnmappedLabel(models.Model):
    """A registry's label that no spelling stands for yet. A view: read it only."""

    id = models.TextField(primary_key=True)
    registry = models.ForeignKey(Registry, models.DO_NOTHING, related_name="+")
    text = models.TextField(_("text"))

    class Meta:
        managed = False
        db_table = "registry_unmappedlabel"
        verbose_name = _("label to be mapped")
        verbose_name_plural = _("labels to be mapped")

    def __str__(self) -> str:
        return self.text

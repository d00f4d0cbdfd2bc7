"""Serial blocks, the spans cut from them, and what happened to every gram.

Every gram has one 64-bit address: `block.base + (serial - block.start) * 1_000_000 + gram`. A
series owns a window of addresses and a serial number its place in it, so that one serial always
has the same address, whichever block lists it. Exclusion constraints make two blocks with one
serial, and two spans with one gram, impossible (docs/adr/0004).
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, BigIntegerRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from apps.registry.models.catalogue import Registry, Vintage
from apps.registry.models.fields import BigIntegerMultiRangeField

GRAMS_PER_TONNE = 1_000_000
WINDOW_TONNES_DEFAULT = 20_000_000
# The serials of a block as a rectangle: their numbers along one side, the series along the other.
SERIALS = Func(F("series"), F("start"), F("end"), function="registry_serials")


class SerialSeries(models.Model):
    """The key within which a registry numbers its credits, each number once.

    The database gives each series the next free window of gram addresses, which it keeps.
    """

    registry = models.ForeignKey(Registry, models.PROTECT, related_name="series")
    key = models.CharField(_("key"), max_length=160)
    window_tonnes = models.BigIntegerField(
        _("room for serials"), default=WINDOW_TONNES_DEFAULT, db_default=WINDOW_TONNES_DEFAULT
    )
    first_gram = models.BigIntegerField(
        _("address of serial 0"), db_default=-1, unique=True, editable=False
    )

    class Meta:
        verbose_name = _("serial series")
        verbose_name_plural = _("serial series")
        constraints = [
            models.UniqueConstraint(fields=["registry", "key"], name="registry_series_once"),
            models.CheckConstraint(
                name="registry_series_window", condition=Q(first_gram__gte=0, window_tonnes__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.key


class SerialBlock(models.Model):
    """A contiguous run of serial numbers `[start, end]` as the registry lists it."""

    class State(models.TextChoices):
        ISSUED = "issued", _("Issued, with its holder at the registry")
        IMMOBILISED = "immobilised", _("Immobilised in our custody")
        RETIRED = "retired", _("Retired or cancelled at the registry")
        WITHDRAWN = "withdrawn", _("Withdrawn to its owner at the registry")

    # Found by address, and by the index that vintages share with state and day of issue.
    series = models.ForeignKey(SerialSeries, models.PROTECT, related_name="blocks", db_index=False)
    vintage = models.ForeignKey(Vintage, models.PROTECT, related_name="blocks", db_index=False)
    serial = models.CharField(_("serial"), max_length=200)
    root = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="parts",
        verbose_name=_("cut from"),
        help_text=_("The block it was first issued in. That block keeps its lowest serials."),
    )
    issued_serial = models.CharField(
        _("serial before it was cut"), max_length=200, blank=True, db_default="", editable=False
    )
    start = models.BigIntegerField(_("first serial"))
    end = models.BigIntegerField(_("last serial"))
    base = models.BigIntegerField(
        _("first gram address"), db_default=-1, unique=True, editable=False
    )
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.ISSUED)
    issued_on = models.DateField(_("issued"), null=True, blank=True)
    retired_on = models.DateField(_("retired at the registry"), null=True, blank=True)
    retirement_beneficiary = models.TextField(_("beneficiary at the registry"), blank=True)
    retirement_reason = models.CharField(_("reason at the registry"), max_length=200, blank=True)
    retirement_details = models.TextField(_("details at the registry"), blank=True)
    certifications = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        verbose_name=_("additional certifications"),
    )
    free = BigIntegerMultiRangeField(
        _("free grams"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Grams of an immobilised block that are in no span; kept by the database."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("serial block")
        verbose_name_plural = _("serial blocks")
        indexes = [
            models.Index(fields=["vintage", "state", "issued_on"], name="registry_block_fifo"),
            # Few blocks are parts of others: imports do not pay for those that are.
            models.Index(
                fields=["root"], condition=Q(root__isnull=False), name="registry_block_parts"
            ),
            # Of the states that imports bring, a list finds a page of rows soon enough.
            models.Index(
                fields=["state", "id"],
                condition=Q(state__in=["immobilised", "withdrawn"]),
                name="registry_block_state",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="registry_block_sane",
                condition=Q(start__gte=0, end__gte=F("start"), base__gte=0),
            ),
            # Its index finds a bare number in all series at once, too.
            ExclusionConstraint(
                name="registry_block_serials_once",
                expressions=[(SERIALS, RangeOperators.OVERLAPS)],
            ),
        ]

    def __str__(self) -> str:
        return self.serial

    @property
    def tonnes(self) -> int:
        return self.end - self.start + 1

    @property
    def origin(self) -> SerialBlock:
        """The block it was first issued in: itself until it is cut from another.

        Tokens on chain are numbered within it, so a cut changes none of their numbers.
        """
        return self.root or self

    @property
    def whole_serial(self) -> str:
        """The serial of everything that was issued with it, cut or not."""
        return self.origin.issued_serial or self.origin.serial

    @property
    def grams(self) -> int:
        return self.tonnes * GRAMS_PER_TONNE

    @property
    def free_grams(self) -> int:
        """How many grams are in no span; none of a block that is not in our custody."""
        return sum((piece.upper or 0) - (piece.lower or 0) for piece in self.free or ())


class Span(models.Model):
    """A half-open range of gram addresses of one block that has left the fractional balances."""

    class State(models.TextChoices):
        TOKENISED = "tokenised", _("Out as NFT")
        RESERVED = "reserved", _("Reserved for a withdrawal")
        RETIRED = "retired", _("Retired")
        WITHDRAWN = "withdrawn", _("Withdrawn to the registry")
        CANCELLED = "cancelled", _("Cancelled")

    block = models.ForeignKey(SerialBlock, models.PROTECT, related_name="spans")
    grams = BigIntegerRangeField(_("gram addresses"))
    state = models.CharField(_("state"), max_length=10, choices=State)
    retirement = models.ForeignKey(
        "registry.Retirement", models.PROTECT, null=True, blank=True, related_name="spans"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("span")
        verbose_name_plural = _("spans")
        constraints = [
            ExclusionConstraint(
                name="registry_span_gram_once",
                expressions=[("grams", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                name="registry_span_not_empty",
                condition=Q(grams__isempty=False)
                & Q(grams__lower_inf=False)
                & Q(grams__upper_inf=False),
            ),
            models.CheckConstraint(
                name="registry_span_retired_has_retirement",
                condition=Q(state="retired", retirement__isnull=False)
                | (~Q(state="retired") & Q(retirement__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.block} {self.grams}"


class CreditEvent(models.Model):
    """One step in the life of a range of grams, for the public trace. Append-only."""

    class Kind(models.TextChoices):
        ISSUED = "issued", _("Issued by the registry")
        RECEIVED = "received", _("Received into custody")
        SPLIT = "split", _("Split at the registry")
        TOKENISED = "tokenised", _("Taken out as NFT")
        REDEEMED = "redeemed", _("Brought back from the chain")
        RETIRED = "retired", _("Retired")
        WITHDRAWN = "withdrawn", _("Withdrawn to the registry")

    block = models.ForeignKey(SerialBlock, models.PROTECT, related_name="events")
    grams = BigIntegerRangeField(_("gram addresses"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    reference = models.CharField(
        _("reference"),
        max_length=120,
        blank=True,
        help_text=_("Certificate number, transaction hash or statement it rests on."),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("credit event")
        verbose_name_plural = _("credit events")
        ordering = ["at", "id"]
        indexes = [GistIndex(fields=["grams"], name="registry_event_grams")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.grams}"

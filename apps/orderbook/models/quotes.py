"""Requests for quotes: what a bulk order asks for, and who answers with how much at which price.

Answers are sealed until the deadline: the database holds their prices only encrypted, beside the
SHA-256 of what they say, and their triggers refuse to open them sooner or to something else.
docs/quotes.md.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel, Owner
from apps.orderbook.models.bulk import BulkOrder, BulkPlan
from apps.orderbook.models.market import Product


class QuotePermit(FourEyesModel):
    """Whether an owner may answer requests: of those that were approved, the latest counts."""

    class Kind(models.TextChoices):
        MAKER = "maker", _("Market maker")
        DEVELOPER = "developer", _("Project developer")
        NONE = "none", _("May not answer")

    owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="quote_permits", verbose_name=_("owner")
    )
    kind = models.CharField(_("answers as"), max_length=10, choices=Kind)

    class Meta(FourEyesModel.Meta):
        verbose_name = _("permit to quote")
        verbose_name_plural = _("permits to quote")

    def __str__(self) -> str:
        return f"{self.owner}: {self.get_kind_display()}"


class QuoteRequest(models.Model):
    """A bulk order's demands, put to all who may answer, until `deadline`."""

    class State(models.TextChoices):
        OPEN = "open", _("Open for answers")
        OPENED = "opened", _("Answers are open")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        LAPSED = "lapsed", _("Lapsed")
        CANCELLED = "cancelled", _("Cancelled")

    LIVE_STATES = (State.OPEN, State.OPENED)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    order = models.ForeignKey(
        BulkOrder, models.PROTECT, related_name="quote_requests", verbose_name=_("bulk order")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    deadline = models.DateTimeField(_("deadline"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # The last news that was mailed (`services.quote_notices`).
    told = models.CharField(max_length=10, default="", blank=True)

    class Meta:
        verbose_name = _("request for quotes")
        verbose_name_plural = _("requests for quotes")
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=["open", "opened"]),
                name="orderbook_quoterequest_one_live",
            ),
            models.CheckConstraint(
                name="orderbook_quoterequest_opened_after_its_deadline",
                condition=Q(opened_at__isnull=True) | Q(opened_at__gte=F("deadline")),
            ),
            models.CheckConstraint(
                name="orderbook_quoterequest_states",
                condition=Q(state="open", opened_at=None, ended_at=None)
                | Q(state="opened", opened_at__isnull=False, ended_at=None)
                | Q(state__in=["accepted", "declined"], opened_at__isnull=False)
                & Q(ended_at__isnull=False)
                | Q(state="cancelled", opened_at=None, ended_at__isnull=False)
                | Q(state="lapsed", ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Quote(models.Model):
    """One owner's firm answer. While it stands, what its lines offer is held of its balances.

    `digest` is the SHA-256 of `revealed`, the text that says all of it with a random salt;
    `revealed` is there once the request is opened, `sealed` is the same encrypted.
    """

    class State(models.TextChoices):
        STANDING = "standing", _("Stands")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        TAKEN = "taken", _("Taken")
        NOT_TAKEN = "not_taken", _("Not taken")
        LAPSED = "lapsed", _("Lapsed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(
        QuoteRequest, models.PROTECT, related_name="quotes", verbose_name=_("request for quotes")
    )
    owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="quotes", verbose_name=_("answered by")
    )
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("member")
    )
    answered_at = models.DateTimeField(_("answered at"), auto_now_add=True)
    valid_until = models.DateTimeField(_("stands until"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.STANDING)
    digest = models.CharField(_("SHA-256"), max_length=64)
    sealed = models.BinaryField()
    revealed = models.TextField(_("what it says"), default="", blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    told = models.CharField(max_length=10, default="", blank=True)

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        constraints = [
            models.UniqueConstraint(
                fields=["request", "owner"],
                condition=Q(state="standing"),
                name="orderbook_quote_one_stands",
            ),
            models.CheckConstraint(
                name="orderbook_quote_states",
                condition=Q(state="standing", ended_at=None)
                | ~Q(state="standing") & Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="orderbook_quote_taken_in_the_open",
                condition=~Q(state="taken") | ~Q(revealed=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["valid_until"], condition=Q(state="standing"), name="orderbook_quote_stands"
            )
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class QuoteLine(models.Model):
    """`size` grams of a market's credits at `price` quote micro-units a tonne.

    It is taken as a whole, or where `size_min` is less, in part: at least so many grams. `price` is
    there once the request is opened.
    """

    quote = models.ForeignKey(Quote, models.PROTECT, related_name="lines", db_index=False)
    number = models.PositiveSmallIntegerField(_("line"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    size = models.BigIntegerField(_("size"))
    size_min = models.BigIntegerField(_("least that is taken"))
    price = models.BigIntegerField(_("price"), null=True, blank=True)

    class Meta:
        verbose_name = _("line of a quote")
        verbose_name_plural = _("lines of quotes")
        constraints = [
            models.UniqueConstraint(fields=["quote", "number"], name="orderbook_quoteline_once"),
            models.CheckConstraint(
                name="orderbook_quoteline_sound",
                condition=Q(size_min__gt=0, size_min__lte=F("size"))
                & (Q(price__isnull=True) | Q(price__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quote_id}: {self.number}"


class QuoteScore(models.Model):
    """How a quote alone, or without one the books alone, would serve the order at its opening.

    `filled` grams for `cost` quote micro-units, `fees` included. Points are basis points
    (`planning.scoring`). Written with the plan that weighed it, for the asker's eyes only.
    """

    plan = models.ForeignKey(BulkPlan, models.PROTECT, related_name="scores", db_index=False)
    quote = models.ForeignKey(
        Quote, models.PROTECT, null=True, related_name="scores", db_index=False
    )
    filled = models.BigIntegerField(_("grams filled"))
    cost = models.BigIntegerField(_("cost with fees"))
    fees = models.BigIntegerField(_("fees"))
    price_bps = models.PositiveSmallIntegerField(_("price"))
    coverage_bps = models.PositiveSmallIntegerField(_("coverage"))
    certainty_bps = models.PositiveSmallIntegerField(_("certainty"))
    quality_bps = models.PositiveSmallIntegerField(_("quality"))
    total_bps = models.PositiveSmallIntegerField(_("points"))

    class Meta:
        verbose_name = _("score of a quote")
        verbose_name_plural = _("scores of quotes")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "quote"], nulls_distinct=False, name="orderbook_quotescore_once"
            ),
            models.CheckConstraint(
                name="orderbook_quotescore_sound",
                condition=Q(filled__gte=0, cost__gte=0, fees__gte=0, total_bps__lte=10_000),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.quote_id}"

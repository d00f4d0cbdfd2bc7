"""Bulk offset orders: a company's file of lines, and what it would cost. docs/bulk-orders.md."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Asset, Owner
from apps.orderbook.models.market import Product
from apps.registry.models.retirement import BENEFICIARY_CHARS_MAX, MESSAGE_CHARS_MAX

BPS = 10_000


class BulkOrder(models.Model):
    """One file and how far it has come. What a worker does to it follows from its state.

    `attempt` counts how often a worker took it up: only the last one may finish. `total_max` is in
    micro-units of `quote`, fees included; shares are basis points of the grams that are bought.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Waiting to be read")
        READING = "reading", _("Being read")
        REFUSED = "refused", _("To be corrected")
        QUEUED = "queued", _("Waiting to be planned")
        PLANNING = "planning", _("Being planned")
        PLANNED = "planned", _("Planned")
        ASKED = "asked", _("Waiting for approval")
        RUNNING = "running", _("Being carried out")
        PAUSED = "paused", _("Paused")
        STOPPING = "stopping", _("Being ended")
        DONE = "done", _("Carried out")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    # What a worker has to do, what may still be cancelled, and what may have bought something.
    PREPARING_STATES = (State.UPLOADED, State.READING, State.QUEUED, State.PLANNING)
    EXECUTING_STATES = (State.RUNNING, State.STOPPING)
    WORK_STATES = (*PREPARING_STATES, *EXECUTING_STATES)
    OPEN_STATES = (*PREPARING_STATES, State.REFUSED, State.PLANNED, State.ASKED)
    STARTED_STATES = (*EXECUTING_STATES, State.PAUSED)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="bulk_orders", verbose_name=_("owner")
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    name = models.CharField(_("name"), max_length=120)
    quote = models.ForeignKey(Asset, models.PROTECT, related_name="+", verbose_name=_("paid in"))
    total_max = models.BigIntegerField(_("most it may cost"), null=True, blank=True)
    removals_min_bps = models.PositiveSmallIntegerField(_("least share of removals"), default=0)
    project_max_bps = models.PositiveSmallIntegerField(
        _("largest share of one project"), default=BPS
    )
    file = models.FileField(_("file"), max_length=400)
    file_name = models.CharField(_("file"), max_length=255)
    size_bytes = models.BigIntegerField(_("size, bytes"))
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.UPLOADED, db_default=State.UPLOADED
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    created_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    rows_read = models.BigIntegerField(_("rows read"), default=0)
    bytes_read = models.BigIntegerField(_("bytes read"), default=0)
    lines_count = models.PositiveIntegerField(_("lines"), default=0)
    refused_count = models.PositiveIntegerField(_("lines to correct"), default=0)
    grams = models.BigIntegerField(_("grams"), default=0)
    failure_code = models.CharField(_("failure code"), max_length=40, blank=True)
    failure_params = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("bulk order")
        verbose_name_plural = _("bulk orders")
        indexes = [models.Index(fields=["owner", "-id"], name="orderbook_bulkorder_owner")]
        constraints = [
            models.CheckConstraint(
                name="orderbook_bulkorder_rules",
                condition=Q(removals_min_bps__lte=BPS, project_max_bps__range=(1, BPS))
                & (Q(total_max__isnull=True) | Q(total_max__gt=0)),
            ),
            # A file with lines to correct is planned by nobody.
            models.CheckConstraint(
                name="orderbook_bulkorder_whole",
                condition=Q(refused_count=0, lines_count__gt=0, grams__gt=0)
                | ~Q(
                    state__in=[
                        *("queued", "planning", "planned", "asked"),
                        *("running", "paused", "stopping", "done"),
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_with_worker(self) -> bool:
        """Whether a worker has, or is to have, something to do with it."""
        return self.state in self.WORK_STATES

    @property
    def is_started(self) -> bool:
        """Whether some of it may be bought already, and more be to come."""
        return self.state in self.STARTED_STATES

    @property
    def is_cancellable(self) -> bool:
        """Whether there is something left of it to cancel."""
        started = (self.State.RUNNING, self.State.PAUSED)
        return self.state in (*self.OPEN_STATES, *started)


class BulkDemand(models.Model):
    """What lines with the same constraints ask for together.

    `constraints` are the fields of `CreditConstraints`; `price_max` is quote micro-units a tonne.
    """

    order = models.ForeignKey(BulkOrder, models.CASCADE, related_name="demands", db_index=False)
    number = models.PositiveIntegerField()
    constraints = models.JSONField(_("constraints"))
    price_max = models.BigIntegerField(_("most a tonne may cost"), null=True)
    grams = models.BigIntegerField(_("grams"))
    lines_count = models.PositiveIntegerField(_("lines"))

    class Meta:
        verbose_name = _("demand of a bulk order")
        verbose_name_plural = _("demands of bulk orders")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "number"], name="orderbook_bulkdemand_number_once"
            ),
            models.CheckConstraint(
                name="orderbook_bulkdemand_positive", condition=Q(grams__gt=0, lines_count__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.number}"


class BulkLine(models.Model):
    """One row of the file that can be carried out. Written once, with all the others."""

    order = models.ForeignKey(BulkOrder, models.CASCADE, related_name="lines", db_index=False)
    line = models.BigIntegerField(_("line"))
    demand = models.ForeignKey(BulkDemand, models.CASCADE, related_name="lines", db_index=False)
    grams = models.BigIntegerField(_("grams"))
    beneficiary = models.CharField(_("beneficiary"), max_length=BENEFICIARY_CHARS_MAX)
    message = models.CharField(_("message"), max_length=MESSAGE_CHARS_MAX, blank=True)
    period_start = models.DateField(_("emissions from"), null=True)
    period_end = models.DateField(_("emissions to"), null=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    cost_centre = models.CharField(_("cost centre"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("line of a bulk order")
        verbose_name_plural = _("lines of bulk orders")
        constraints = [
            models.UniqueConstraint(fields=["order", "line"], name="orderbook_bulkline_once"),
            models.CheckConstraint(name="orderbook_bulkline_positive", condition=Q(grams__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.line}"


class BulkRefusal(models.Model):
    """What is wrong with a line. `column` is its heading in the file, empty for the whole line."""

    order = models.ForeignKey(BulkOrder, models.CASCADE, related_name="refusals", db_index=False)
    line = models.BigIntegerField(_("line"))
    column = models.CharField(_("column"), max_length=60, blank=True)
    code = models.CharField(_("code"), max_length=40)
    params = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("refused line of a bulk order")
        verbose_name_plural = _("refused lines of bulk orders")
        indexes = [models.Index(fields=["order", "line"], name="orderbook_bulkrefusal_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"


class BulkPlan(models.Model):
    """What the order would cost on the books of one moment, in quote micro-units. Written once.

    `gap_ppm` is how much less any plan could cost at most, in millionths; None where nobody knows.
    """

    order = models.ForeignKey(BulkOrder, models.CASCADE, related_name="plans")
    made_at = models.DateTimeField(_("planned at"), auto_now_add=True)
    took_ms = models.PositiveIntegerField(_("took, ms"))
    method = models.CharField(_("method"), max_length=10)
    notice = models.CharField(_("notice"), max_length=20, blank=True)
    gap_ppm = models.BigIntegerField(_("gap, millionths"), null=True)
    filled = models.BigIntegerField(_("grams filled"))
    cost = models.BigIntegerField(_("cost with fees"))
    fees = models.BigIntegerField(_("fees"))
    greedy_cost = models.BigIntegerField(_("cost of the greedy plan"))
    greedy_filled = models.BigIntegerField(_("grams filled by the greedy plan"))

    class Meta:
        verbose_name = _("plan of a bulk order")
        verbose_name_plural = _("plans of bulk orders")
        constraints = [
            models.CheckConstraint(
                name="orderbook_bulkplan_no_worse",
                condition=Q(filled__gt=models.F("greedy_filled"))
                | Q(filled=models.F("greedy_filled"), cost__lte=models.F("greedy_cost")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.made_at}"

    @property
    def saving(self) -> int | None:
        """What it costs less than the greedy plan; None where they do not fill the same."""
        return self.greedy_cost - self.cost if self.filled == self.greedy_filled else None


class BulkBuy(models.Model):
    """What a plan buys in one market: `size` grams, none dearer than `price_limit`.

    With `quote_line` it is bought from that quote, at its price, and not on the book.
    """

    plan = models.ForeignKey(BulkPlan, models.CASCADE, related_name="buys", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    size = models.BigIntegerField(_("size"))
    price_best = models.BigIntegerField(_("best price"))
    price_limit = models.BigIntegerField(_("dearest price"))
    notional = models.BigIntegerField(_("cost without fees"))
    fee = models.BigIntegerField(_("fees"))
    quote_line = models.ForeignKey(
        "orderbook.QuoteLine", models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("purchase of a plan")
        verbose_name_plural = _("purchases of plans")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "product", "quote_line"],
                nulls_distinct=False,
                name="orderbook_bulkbuy_once",
            ),
            models.CheckConstraint(
                name="orderbook_bulkbuy_positive",
                condition=Q(size__gt=0, price_best__gt=0, price_limit__gte=models.F("price_best")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.product_id}"


class BulkShort(models.Model):
    """Grams of a demand that a plan leaves open, and why (`planning.planner`)."""

    plan = models.ForeignKey(BulkPlan, models.CASCADE, related_name="shorts", db_index=False)
    demand = models.ForeignKey(BulkDemand, models.CASCADE, related_name="+", db_index=False)
    grams = models.BigIntegerField(_("grams"))
    reason = models.CharField(_("reason"), max_length=20)

    class Meta:
        verbose_name = _("shortfall of a plan")
        verbose_name_plural = _("shortfalls of plans")
        constraints = [
            models.UniqueConstraint(fields=["plan", "demand"], name="orderbook_bulkshort_once"),
            models.CheckConstraint(name="orderbook_bulkshort_positive", condition=Q(grams__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.demand_id}"

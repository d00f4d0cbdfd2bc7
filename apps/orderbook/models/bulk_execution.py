"""A bulk order carried out: who let it, what was bought, and who got which grams of it.

An execution has steps, each one order in one market. What a step filled is drawn by demands, and
each draw is parted among the lines of its demand. docs/bulk-orders.md.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FourEyesModel
from apps.orderbook.models.bulk import BPS, BulkDemand, BulkLine, BulkOrder, BulkPlan
from apps.orderbook.models.enums import DoneReason
from apps.orderbook.models.market import Product
from apps.registry.models import Retirement
from apps.registry.models.retirement import BENEFICIARY_CHARS_MAX


class BulkExecution(FourEyesModel):
    """A plan as somebody asks to carry it out, for no more than `total_max` with fees.

    With `over_s` it is bought in equal parts over so many seconds (`services.bulk_pace`). With a
    `deadline` it waits in the books for sellers until then, at `limit_price` at most, and no more
    than `visible_bps` of each order is in sight (`services.bulk_waiting`).
    Where `needs_second` it starts by the approval of a member who is neither the asker nor who
    brought the file (`brought_by`); otherwise at once, and its decision stays pending for ever.
    """

    class Keep(models.TextChoices):
        RETIRE = "retire", _("Retire what is filled")
        HOLD = "hold", _("Hold what is filled")

    class AtDeadline(models.TextChoices):
        """What becomes of what nobody has sold by then."""

        CANCEL = "cancel", _("Leave it open")
        BUY = "buy", _("Buy it at once")

    class Pause(models.TextChoices):
        NONE = "", ""
        ASKED = "asked", _("A member paused it.")
        FUNDS = "funds", _("The account's funds do not suffice: add some, then resume.")
        MARKET = "market", _("A market takes no orders at the moment: resume when it is open.")
        NAME = "name", _("Another order was placed under this step's name: resume for a new one.")
        CREDITS = (
            "credits",
            _("Credits that were bought have left the account: bring them back, then resume."),
        )
        INTERNAL = (
            "internal",
            _("Something went wrong here: resume, or tell us if it happens again."),
        )

    order = models.ForeignKey(BulkOrder, models.PROTECT, related_name="executions", db_index=False)
    plan = models.ForeignKey(BulkPlan, models.PROTECT, related_name="+", db_index=False)
    total_max = models.BigIntegerField(_("most it may cost"))
    over_s = models.PositiveIntegerField(_("over, seconds"), default=0, db_default=0)
    deadline = models.DateTimeField(_("waits until"), null=True, blank=True)
    limit_price = models.BigIntegerField(_("most a tonne may cost"), null=True, blank=True)
    visible_bps = models.PositiveSmallIntegerField(
        _("part in sight, basis points"), default=BPS, db_default=BPS
    )
    at_deadline = models.CharField(
        _("what is left at the deadline"),
        max_length=6,
        choices=AtDeadline,
        default=AtDeadline.CANCEL,
        db_default=AtDeadline.CANCEL,
    )
    # When what waits was last brought in line with what is wanted; None: that has to be done now.
    spread_at = models.DateTimeField(null=True, blank=True)
    keep = models.CharField(_("what is filled"), max_length=6, choices=Keep)
    brought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    needs_second = models.BooleanField(_("takes two people"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    pause = models.CharField(
        _("why it is paused"), max_length=8, choices=Pause, default=Pause.NONE, blank=True
    )
    # The last news of it that was mailed (`services.bulk_notices`).
    told = models.CharField(max_length=12, default="", db_default="", blank=True)

    class Meta(FourEyesModel.Meta):
        verbose_name = _("execution of a bulk order")
        verbose_name_plural = _("executions of bulk orders")
        constraints = [
            *FourEyesModel.Meta.constraints,
            # A plan that was turned down may be asked for again; nothing runs twice.
            models.UniqueConstraint(
                fields=["order"],
                condition=~Q(decision="rejected"),
                name="orderbook_bulkexecution_once",
            ),
            models.CheckConstraint(
                name="orderbook_bulkexecution_not_the_maker",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("brought_by")),
            ),
            models.CheckConstraint(
                name="orderbook_bulkexecution_let",
                condition=Q(started_at__isnull=True)
                | Q(needs_second=False, decision="pending")
                | Q(needs_second=True, decision="approved"),
            ),
            models.CheckConstraint(
                name="orderbook_bulkexecution_sound",
                condition=Q(total_max__gt=0)
                & (Q(ended_at__isnull=True) | Q(started_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="orderbook_bulkexecution_waits",
                condition=Q(
                    deadline__isnull=True,
                    limit_price__isnull=True,
                    visible_bps=BPS,
                    at_deadline="cancel",
                )
                | Q(deadline__isnull=False, over_s=0, visible_bps__range=(BPS // 10, BPS))
                & (Q(limit_price__isnull=True) | Q(limit_price__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.total_max}"

    def client_oid_of(self, number: int) -> str:
        """How the order of that step is called, by which it is placed once."""
        return f"bulk-{self.order.public_id.hex}-{number}"

    @property
    def over_hours(self) -> int:
        """Over how many hours it is bought; 0: at once."""
        return self.over_s // 3_600

    @property
    def last_part_by(self) -> datetime | None:
        """When the last part is over, for one that has started."""
        return self.started_at and self.started_at + timedelta(seconds=self.over_s)


class BulkStep(models.Model):
    """One order of an execution: `size` grams at `price` or better, placed as `client_oid`.

    With `quote_line` it was exchanged with who gave that quote, and is no order. With `expires_at`
    it waits in the book until then, `display_size` of it in sight at most, unless the worker asked
    for its cancellation.

    Written before it is placed, and `over_at` when what came of it is known. `allotted_at`: its
    grams are drawn by demands, but for `surplus`, which no line can use (whole lots).
    """

    execution = models.ForeignKey(
        BulkExecution, models.PROTECT, related_name="steps", db_index=False
    )
    number = models.PositiveIntegerField(_("step"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    price = models.BigIntegerField(_("dearest price"))
    size = models.BigIntegerField(_("size"))
    client_oid = models.CharField(_("client order id"), max_length=60, unique=True)
    placed_id = models.BigIntegerField(_("order"), null=True)
    expires_at = models.DateTimeField(_("waits until"), null=True)
    display_size = models.BigIntegerField(_("size in sight"), null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(_("written at"), auto_now_add=True)
    over_at = models.DateTimeField(_("over at"), null=True)
    outcome = models.PositiveSmallIntegerField(_("outcome"), choices=DoneReason, null=True)
    filled = models.BigIntegerField(_("filled"), default=0)
    notional = models.BigIntegerField(_("cost without fees"), default=0)
    fees = models.BigIntegerField(_("fees"), default=0)
    allotted_at = models.DateTimeField(_("allotted at"), null=True)
    surplus = models.BigIntegerField(_("grams beyond the lines"), default=0)
    # What the seller of a quote paid, or below 0 was paid of the buyer's fee.
    maker_fees = models.BigIntegerField(_("fees of the seller"), default=0, db_default=0)
    # At most one step takes a line of a quote.
    quote_line = models.OneToOneField(
        "orderbook.QuoteLine", models.PROTECT, null=True, related_name="step"
    )

    class Meta:
        verbose_name = _("step of a bulk order")
        verbose_name_plural = _("steps of bulk orders")
        constraints = [
            models.UniqueConstraint(fields=["execution", "number"], name="orderbook_bulkstep_once"),
            models.UniqueConstraint(
                fields=["execution"],
                condition=Q(over_at__isnull=True, expires_at__isnull=True),
                name="orderbook_bulkstep_one_at_a_time",
            ),
            models.CheckConstraint(
                name="orderbook_bulkstep_sound",
                condition=Q(price__gt=0, size__gt=0, filled__gte=0, fees__gte=0)
                & Q(filled__lte=F("size"), surplus__gte=0, surplus__lte=F("filled"))
                & (Q(allotted_at__isnull=True) | Q(over_at__isnull=False))
                & (
                    Q(filled=0)
                    | Q(over_at__isnull=False, placed_id__isnull=False)
                    | Q(over_at__isnull=False, quote_line__isnull=False)
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.client_oid

    @property
    def is_waiting(self) -> bool:
        """Whether it is, or is to be, an order that rests in its book."""
        return self.expires_at is not None and self.over_at is None

    @property
    def spent(self) -> int:
        """What it cost, fees included."""
        return self.notional + self.fees


class BulkDraw(models.Model):
    """Grams of a step that a demand gets: those of the demand from `begins` on."""

    step = models.ForeignKey(BulkStep, models.PROTECT, related_name="draws", db_index=False)
    demand = models.ForeignKey(BulkDemand, models.PROTECT, related_name="draws", db_index=False)
    begins = models.BigIntegerField()
    grams = models.BigIntegerField(_("grams"))

    class Meta:
        verbose_name = _("draw of a bulk order")
        verbose_name_plural = _("draws of bulk orders")
        constraints = [
            models.UniqueConstraint(fields=["step", "demand"], name="orderbook_bulkdraw_once"),
            models.UniqueConstraint(fields=["demand", "begins"], name="orderbook_bulkdraw_place"),
            models.CheckConstraint(
                name="orderbook_bulkdraw_positive", condition=Q(begins__gte=0, grams__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_id}: {self.demand_id}"


class BulkPart(models.Model):
    """Grams of a step that a line gets; `retirement` once they are retired."""

    step = models.ForeignKey(BulkStep, models.PROTECT, related_name="parts", db_index=False)
    line = models.ForeignKey(BulkLine, models.PROTECT, related_name="parts")
    grams = models.BigIntegerField(_("grams"))
    retirement = models.ForeignKey(Retirement, models.PROTECT, null=True, related_name="bulk_parts")

    class Meta:
        verbose_name = _("part of a line of a bulk order")
        verbose_name_plural = _("parts of lines of bulk orders")
        constraints = [
            models.UniqueConstraint(fields=["step", "line"], name="orderbook_bulkpart_once"),
            models.CheckConstraint(name="orderbook_bulkpart_positive", condition=Q(grams__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.step_id}: {self.line_id}"


class BulkCertificate(models.Model):
    """All that an order retired for one beneficiary; without one, all of the order."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("certificate number"), max_length=24, unique=True)
    execution = models.ForeignKey(
        BulkExecution, models.PROTECT, related_name="certificates", db_index=False
    )
    beneficiary = models.CharField(_("beneficiary"), max_length=BENEFICIARY_CHARS_MAX, blank=True)
    grams = models.BigIntegerField(_("grams"))
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("certificate of a bulk order")
        verbose_name_plural = _("certificates of bulk orders")
        constraints = [
            models.UniqueConstraint(
                fields=["execution", "beneficiary"], name="orderbook_bulkcertificate_once"
            ),
            models.CheckConstraint(
                name="orderbook_bulkcertificate_positive", condition=Q(grams__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.number

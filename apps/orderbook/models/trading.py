"""Orders and fills, written by the engine alone."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Owner
from apps.orderbook.ids import id_number
from apps.orderbook.models.enums import (
    DoneReason,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    Stop,
    TimeInForce,
)
from apps.orderbook.models.market import Product


class Order(models.Model):
    """An order and where it stands. `id` is the id of the command that placed it.

    `hold` is what it still holds: quote micro-units for a buy, base micro-units for a sell.
    `priority` orders the queue: the number of the event that gave it its place, and its turn in
    that event. A `parked` order waits for its stop price, outside the book. Of an iceberg at most
    `display_size` is in sight, and `hidden` is what is not.
    """

    id = models.BigIntegerField(primary_key=True)
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="orders", db_constraint=False, db_index=False
    )
    owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="orders", db_constraint=False, db_index=False
    )
    client_oid = models.CharField(max_length=100, null=True)  # noqa: DJ001
    side = models.PositiveSmallIntegerField(_("side"), choices=Side)
    order_type = models.PositiveSmallIntegerField(_("type"), choices=OrderType)
    price = models.BigIntegerField(_("price"), null=True)
    size = models.BigIntegerField(_("size"), null=True)
    funds = models.BigIntegerField(_("funds"), null=True)
    time_in_force = models.PositiveSmallIntegerField(choices=TimeInForce)
    post_only = models.BooleanField(default=False)
    self_trade = models.PositiveSmallIntegerField(choices=SelfTrade)
    stop = models.PositiveSmallIntegerField(_("stop"), choices=Stop, null=True)
    stop_price = models.BigIntegerField(_("stop price"), null=True)
    parked = models.BooleanField(_("waits for its stop price"), default=False, db_default=False)
    expires_at = models.DateTimeField(_("ends"), null=True)
    display_size = models.BigIntegerField(_("size in sight"), null=True)
    hidden = models.BigIntegerField(_("out of sight"), default=0, db_default=0)
    slippage_bps = models.PositiveSmallIntegerField(_("slippage, basis points"), null=True)
    entity = models.ForeignKey(
        Owner, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    maker_bps = models.SmallIntegerField()
    taker_bps = models.PositiveSmallIntegerField()
    filled_size = models.BigIntegerField(_("filled"), default=0)
    filled_notional = models.BigIntegerField(_("executed value"), default=0)
    fees = models.BigIntegerField(_("fees"), default=0)
    hold = models.BigIntegerField(_("hold"), default=0)
    priority = models.BigIntegerField(default=0)
    status = models.PositiveSmallIntegerField(_("status"), choices=OrderStatus)
    done_reason = models.PositiveSmallIntegerField(choices=DoneReason, null=True)
    created_at = models.DateTimeField(_("placed"))
    done_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            models.Index(fields=["owner", "id"], name="orderbook_order_owner"),
            models.Index(
                fields=["product", "id"], condition=Q(status=1), name="orderbook_order_open"
            ),
            models.Index(
                fields=["owner", "id"], condition=Q(status=1), name="orderbook_order_owner_open"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="orderbook_order_hold",
                condition=Q(hold__gte=0) & (Q(status=OrderStatus.OPEN) | Q(hold=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"


class Level(models.Model):
    """What can be seen at one price: `size` in so many `orders`. Written by the engine alone.

    An order book of 50,000 orders has a few hundred levels: reading it is reading these. A level
    that is empty stays as a row of size 0 until its market's next owner clears it away, because
    an update in place costs less than a row that comes and goes.
    """

    pk = models.CompositePrimaryKey("product", "side", "price")
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    side = models.PositiveSmallIntegerField(choices=Side)
    price = models.BigIntegerField()
    size = models.BigIntegerField()
    orders = models.IntegerField()

    class Meta:
        verbose_name = _("price level")
        verbose_name_plural = _("price levels")

    def __str__(self) -> str:
        return f"{self.size} at {self.price}"


class Switch(models.Model):
    """A dead man's switch: at that time all orders of its owner in the market are cancelled."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="+")
    falls_at = models.DateTimeField(_("falls"))

    class Meta:
        verbose_name = _("dead man's switch")
        verbose_name_plural = _("dead man's switches")
        constraints = [
            models.UniqueConstraint(fields=["product", "owner"], name="orderbook_switch_once")
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} in {self.product_id}: {self.falls_at}"


class Candle(models.Model):
    """The trades of `granularity_s` seconds from `start_s` (seconds since 1970) on. Written by the
    engine alone; a time without a trade has none. Prices and volume in micro-units."""

    pk = models.CompositePrimaryKey("product", "granularity_s", "start_s")
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    granularity_s = models.IntegerField()
    start_s = models.BigIntegerField()
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    open = models.BigIntegerField()
    close = models.BigIntegerField()
    volume = models.BigIntegerField()
    trades = models.BigIntegerField()

    class Meta:
        verbose_name = _("candle")
        verbose_name_plural = _("candles")

    def __str__(self) -> str:
        return f"{self.granularity_s} s from {self.start_s}"


class Fill(models.Model):
    """One trade between a resting order (maker) and an incoming one (taker). Append-only.

    `id = product << 40 | trade id`. Price, size, notional and fees in micro-units. A maker's fee
    below 0 is a rebate, never more than what the taker paid.
    """

    id = models.BigIntegerField(primary_key=True)
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="fills", db_constraint=False, db_index=False
    )
    maker_order_id = models.BigIntegerField()
    taker_order_id = models.BigIntegerField()
    maker_owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    taker_owner = models.ForeignKey(
        Owner, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    taker_side = models.PositiveSmallIntegerField(choices=Side)
    price = models.BigIntegerField(_("price"))
    size = models.BigIntegerField(_("size"))
    notional = models.BigIntegerField(_("notional"))
    maker_fee = models.BigIntegerField(_("maker fee"))
    taker_fee = models.BigIntegerField(_("taker fee"))
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("fill")
        verbose_name_plural = _("fills")
        indexes = [
            models.Index(fields=["maker_owner", "id"], name="orderbook_fill_maker"),
            models.Index(fields=["taker_owner", "id"], name="orderbook_fill_taker"),
            # Written in the order of time, so a range of time is a range of blocks.
            BrinIndex(
                fields=["created_at"],
                pages_per_range=32,
                autosummarize=True,
                name="orderbook_fill_time",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="orderbook_fill_positive",
                condition=Q(price__gt=0, size__gt=0, taker_fee__gte=0)
                & Q(maker_fee__gte=-F("taker_fee")),
            ),
        ]

    def __str__(self) -> str:
        return f"trade {self.pk}"

    @property
    def trade_id(self) -> int:
        """Its number in its market, as the public sees it."""
        return id_number(self.pk)

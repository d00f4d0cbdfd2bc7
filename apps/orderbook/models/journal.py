"""The journal: what was asked (commands), what came of it (events), and who owns a market."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Owner
from apps.orderbook.models.enums import (
    CommandKind,
    OrderType,
    SelfTrade,
    Side,
    Stop,
    TimeInForce,
)
from apps.orderbook.models.market import Product

# How the body of a place command's event begins, and no other's. What a place command came to is
# its order, which has its id; so only other commands' events are looked up by command.
PLACED_BEGINS = '{"asked":{"client_oid":'
OF_OTHER_COMMANDS = ~Q(body__startswith=PLACED_BEGINS)


class Command(models.Model):
    """One accepted request. Its commit is the acceptance. Append-only.

    `id = product << 40 | number`, the number from the product's own sequence. The order that a
    place command creates has the same id.
    """

    # Was it written through this very object, a moment ago?
    is_fresh = False

    id = models.BigIntegerField(primary_key=True)
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    kind = models.PositiveSmallIntegerField(choices=CommandKind)
    # None: the market's own, like the passing of time.
    owner = models.ForeignKey(
        Owner, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    # Whose orders count as one's own in self-trade prevention, unless they are the owner's.
    entity = models.ForeignKey(
        Owner, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    client_oid = models.CharField(max_length=100, null=True)  # noqa: DJ001
    side = models.PositiveSmallIntegerField(choices=Side, null=True)
    order_type = models.PositiveSmallIntegerField(choices=OrderType, null=True)
    price = models.BigIntegerField(null=True)
    size = models.BigIntegerField(null=True)
    funds = models.BigIntegerField(null=True)
    time_in_force = models.PositiveSmallIntegerField(choices=TimeInForce, null=True)
    post_only = models.BooleanField(null=True)
    self_trade = models.PositiveSmallIntegerField(choices=SelfTrade, null=True)
    stop = models.PositiveSmallIntegerField(choices=Stop, null=True)
    stop_price = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField(null=True)
    display_size = models.BigIntegerField(null=True)
    slippage_bps = models.PositiveSmallIntegerField(null=True)
    timeout_s = models.PositiveIntegerField(null=True)
    # JSON of what is to change of the market, for a change of it.
    rules = models.TextField(null=True)  # noqa: DJ001
    target = models.BigIntegerField(null=True, help_text=_("The order a cancel is about."))
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("command")
        verbose_name_plural = _("commands")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "client_oid"],
                condition=models.Q(client_oid__isnull=False),
                name="orderbook_command_client_oid_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Event(models.Model):
    """What one command came to, in the words needed to replay it. Append-only.

    `id = product << 40 | number`, numbers without a gap. `sequence` is the market data feed's
    sequence after this event. `hash = SHA-256(previous hash || body)`. The table is partitioned by
    the month of `created_at`; what is older may have been archived (docs/adr/0012). In each month a
    command is decided once: a place command because its order is there once.
    """

    id = models.BigIntegerField(primary_key=True)
    command_id = models.BigIntegerField()
    sequence = models.BigIntegerField()
    body = models.TextField(help_text=_("Canonical JSON."))
    hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(
                fields=["command_id"], condition=OF_OTHER_COMMANDS, name="orderbook_event_once"
            )
        ]

    def __str__(self) -> str:
        return f"event {self.pk}"


class JournalArchive(models.Model):
    """A month of a product's events that stands in a file, and no longer in the database.

    The numbers of a product's archives follow each other from 1 on. The chain of hashes goes on in
    the table with `last_hash`.
    """

    product = models.ForeignKey(Product, models.PROTECT, related_name="journal_archives")
    month = models.DateField(_("month"))
    first_number = models.BigIntegerField(_("first event"))
    last_number = models.BigIntegerField(_("last event"))
    last_sequence = models.BigIntegerField()
    last_hash = models.BinaryField(max_length=32)
    file = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    created_at = models.DateTimeField(_("archived"), db_default=Now())

    class Meta:
        verbose_name = _("archived part of a journal")
        verbose_name_plural = _("archived parts of journals")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "first_number"], name="orderbook_journalarchive_once"
            )
        ]

    def __str__(self) -> str:
        return self.file


class ProductLease(models.Model):
    """Which engine owns a product, and how far it has come. One row per product.

    `epoch` fences: an engine that lost the product finds another epoch under its lock and writes
    nothing. `holes` are command ids at or below the cursor that were not visible yet; each may
    still come from a transaction whose id is below its `holes_xmax` (docs/adr/0007).
    """

    product = models.OneToOneField(Product, models.PROTECT, primary_key=True, related_name="lease")
    epoch = models.BigIntegerField(default=0, db_default=0)
    engine = models.CharField(max_length=80, blank=True, default="", db_default="")
    cursor = models.BigIntegerField(default=0, db_default=0)
    holes = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    holes_xmax = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    event_number = models.BigIntegerField(default=0, db_default=0)
    trade_number = models.BigIntegerField(default=0, db_default=0)
    sequence = models.BigIntegerField(default=0, db_default=0)
    hash = models.BinaryField(max_length=32, default=b"", db_default=b"")
    # What the circuit breaker measures from, and until when; microseconds since 1970.
    window_price = models.BigIntegerField(default=0, db_default=0)
    window_until_us = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("product lease")
        verbose_name_plural = _("product leases")

    def __str__(self) -> str:
        return f"{self.product_id} epoch {self.epoch}"

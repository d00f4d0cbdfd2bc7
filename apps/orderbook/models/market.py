"""Markets."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Mod
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Asset

UNIT = 1_000_000
NO_LIMIT = 2**63 - 1
INCREMENTS_EXACT = Exact(
    Mod(
        F("price_increment") * F("size_increment"),
        Value(UNIT),
        output_field=models.BigIntegerField(),
    ),
    Value(0),
)


class Product(models.Model):
    """A market `BASE-QUOTE`.

    Price is in quote micro-units per whole base unit, size in base micro-units. Because
    `price_increment * size_increment` is a multiple of 10^6, `price * size / 10^6` is exact.
    Increments apart, what a market takes and charges is changed through the journal
    (`services.products`) and written here by the engine alone; the fields are those of
    `engine.book.Rules` and `engine.fees.Schedule`.
    The database creates the product's command sequence and its lease row with it.
    """

    class State(models.TextChoices):
        """What a market takes; the engine's own words (`engine.journal.STATES`)."""

        OPEN = "open", _("Open")
        POST_ONLY = "post_only", _("Post only")
        CANCEL_ONLY = "cancel_only", _("Cancel only")
        HALTED = "halted", _("Halted")
        AUCTION = "auction", _("Auction")

    code = models.CharField(_("code"), max_length=60, unique=True)
    base = models.ForeignKey(Asset, models.PROTECT, related_name="+", verbose_name=_("base"))
    quote = models.ForeignKey(Asset, models.PROTECT, related_name="+", verbose_name=_("quote"))
    price_increment = models.BigIntegerField(_("price increment"))
    size_increment = models.BigIntegerField(_("size increment"))
    size_min = models.BigIntegerField(_("smallest size"))
    size_max = models.BigIntegerField(_("largest size"))
    maker_bps = models.SmallIntegerField(_("maker fee, basis points"), default=0)
    taker_bps = models.PositiveSmallIntegerField(_("taker fee, basis points"), default=0)
    # Lists of what `engine.fees.Tier` says, from the first tier to the best.
    fee_tiers = models.JSONField(_("fee tiers"), default=list, db_default=Value("[]"), blank=True)
    notional_min = models.BigIntegerField(_("smallest value"), default=0, db_default=0)
    notional_max = models.BigIntegerField(_("largest value"), default=NO_LIMIT, db_default=NO_LIMIT)
    band_bps = models.PositiveIntegerField(_("price band, basis points"), default=0, db_default=0)
    breaker_bps = models.PositiveIntegerField(
        _("circuit breaker, basis points"), default=0, db_default=0
    )
    breaker_window_s = models.PositiveIntegerField(
        _("circuit breaker: window, seconds"), default=0, db_default=0
    )
    breaker_pause_s = models.PositiveIntegerField(
        _("circuit breaker: pause, seconds"), default=0, db_default=0
    )
    auction_s = models.PositiveIntegerField(_("auctions, seconds"), default=0, db_default=0)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    state_until = models.DateTimeField(_("until"), null=True)
    listed_at = models.DateTimeField(_("listed"), auto_now_add=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(fields=["base", "quote"], name="orderbook_product_pair_once"),
            models.CheckConstraint(
                name="orderbook_product_exact",
                condition=Q(price_increment__gt=0, size_increment__gt=0) & Q(INCREMENTS_EXACT),
            ),
            models.CheckConstraint(
                name="orderbook_product_sizes",
                condition=Q(size_min__gt=0, size_max__gte=F("size_min")),
            ),
            models.CheckConstraint(
                name="orderbook_product_notionals",
                condition=Q(notional_min__gte=0, notional_max__gte=F("notional_min")),
            ),
            models.CheckConstraint(
                name="orderbook_product_fees",
                condition=Q(
                    taker_bps__lt=10_000, maker_bps__lte=F("taker_bps"), maker_bps__gt=-10_000
                ),
            ),
            models.CheckConstraint(
                name="orderbook_product_two_assets", condition=~Q(base=F("quote"))
            ),
        ]

    def __str__(self) -> str:
        return self.code

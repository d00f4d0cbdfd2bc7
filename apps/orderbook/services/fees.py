"""Changing what a market charges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from django.utils.translation import gettext as _

from apps.accounts.amounts import AMOUNT_MICRO_MAX
from apps.accounts.models import User
from apps.orderbook.engine.book.money import BPS, hold_of
from apps.orderbook.engine.fees import Rates, Schedule, Tier
from apps.orderbook.models import Command, Product
from apps.orderbook.models.enums import Side
from apps.orderbook.services.commands import market_change
from apps.orderbook.services.products import InvalidProduct

TIERS_MAX: Final = 20


def fees_change(
    *,
    product: Product,
    user: User | None,
    maker_bps: int,
    taker_bps: int,
    tiers: Sequence[Tier] = (),
) -> Command:
    """Asks for another schedule of fees: for everybody, and by tier from the first to the best.

    It goes through the journal: orders accepted before it keep their fees. Raises InvalidProduct
    for fees out of order.
    """
    schedule = Schedule(Rates(maker_bps, taker_bps), tuple(tiers))
    for field, message in _faults(product, schedule):
        raise InvalidProduct(message, field=field)
    fees = {"maker_bps": maker_bps, "taker_bps": taker_bps, "tiers": tiers}
    return market_change(product=product, user=user, asked={"fees": fees})


def _faults(product: Product, schedule: Schedule) -> Iterator[tuple[str, str]]:
    """What is wrong, and with which field."""
    base, tiers = schedule
    if not 0 <= base.taker_bps < BPS:
        yield "taker_bps", _("It must be below 10,000 basis points.")
    if not -BPS < base.maker_bps <= base.taker_bps:
        yield "maker_bps", _("It must not exceed the taker's fee.")
    hold = hold_of(Side.BUY, product.price_increment, product.size_max, base.taker_bps)
    if hold > AMOUNT_MICRO_MAX:
        yield "taker_bps", _("It is too large.")
    if len(tiers) > TIERS_MAX:
        yield "tiers", _("There can be 20 tiers.")
    for tier in tiers:
        asked = [least for least in (tier.volume_min, tier.cc_min) if least is not None]
        if not asked or not all(0 < least <= AMOUNT_MICRO_MAX for least in asked):
            yield "tiers", _("A tier asks for a volume, for CC held, or for either.")
    for before, after in pairwise([base, *(tier.rates for tier in tiers)]):
        if not (0 <= after.taker_bps <= before.taker_bps and after.maker_bps <= before.maker_bps):
            yield "tiers", _("Each tier charges no more than the one before it.")
        if not -BPS < after.maker_bps <= after.taker_bps:
            yield "tiers", _("A maker must not pay more than a taker.")
    for better, best in pairwise(tiers):
        for one, other in ((better[0], best[0]), (better[1], best[1])):
            if one is not None and other is not None and other <= one:
                yield "tiers", _("Each tier asks for more than the one before it.")

"""What somebody asks for when a bulk order is to be carried out, and what of it is taken."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.amounts import text_from_micro
from apps.accounts.errors import Conflict, ServiceError
from apps.orderbook.engine.book.money import notional_of
from apps.orderbook.models import BulkExecution, BulkOrder, BulkPlan
from apps.orderbook.models.bulk import BPS
from apps.orderbook.services.bulk_pace import OVER_S_MAX, OVER_S_MIN

WAIT_S_MIN: Final = 60
WAIT_S_MAX: Final = 30 * 86_400
# The engine has a tenth of an order in sight at least.
VISIBLE_BPS_MIN: Final = BPS // 10

AtDeadline = BulkExecution.AtDeadline
Keep = BulkExecution.Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The plan, what it may cost at most with fees, and how it is bought: at once, in parts over
    `over_s` seconds, or waiting in the books until a `deadline`."""

    plan_id: int
    total_max: int
    keep: str = Keep.RETIRE
    over_s: int = 0
    deadline: datetime | None = None
    limit_price: int | None = None
    visible_bps: int = BPS
    at_deadline: str = AtDeadline.CANCEL

    @classmethod
    def of(cls, execution: BulkExecution) -> Terms:
        """What was asked for."""
        return cls(**{field.name: getattr(execution, field.name) for field in fields(cls)})

    @property
    def asked(self) -> dict[str, Any]:
        """The fields of an execution that say it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def terms_check(terms: Terms) -> None:
    """Raises ServiceError `invalid_duration`, `invalid_deadline`, `invalid_visible`,
    `invalid_limit_price`."""
    assert terms.keep in Keep.values, terms.keep
    assert terms.at_deadline in AtDeadline.values, terms.at_deadline
    if terms.over_s and not OVER_S_MIN <= terms.over_s <= OVER_S_MAX:
        raise ServiceError(
            _("Buy it at once, or over one hour to a week."),
            code="invalid_duration",
            field="over_s",
        )
    if terms.deadline is None:
        said = (terms.limit_price, terms.visible_bps, terms.at_deadline)
        if said != (None, BPS, AtDeadline.CANCEL):
            raise _deadline_refused(_("Say until when it waits, or leave the limit out."))
        return
    if terms.over_s:
        raise _deadline_refused(_("Buy it in parts, or let it wait for sellers: not both."))
    ahead = terms.deadline - timezone.now()
    if not timedelta(seconds=WAIT_S_MIN) <= ahead <= timedelta(seconds=WAIT_S_MAX):
        raise _deadline_refused(_("Let it wait for a minute to 30 days."))
    if not VISIBLE_BPS_MIN <= terms.visible_bps <= BPS:
        raise ServiceError(
            _("Show a tenth of each order at least."), code="invalid_visible", field="visible_bps"
        )
    if terms.limit_price is not None and terms.limit_price <= 0:
        raise ServiceError(
            _("A limit is more than 0, or left empty."),
            code="invalid_limit_price",
            field="limit_price",
        )


def total_check(*, order: BulkOrder, plan: BulkPlan, terms: Terms) -> None:
    """Raises Conflict `plan_empty` where nothing can come of it, ServiceError `invalid_total`."""
    usual = _usual_cost(order, plan, terms)
    if not usual:
        raise Conflict(
            _("The plan buys nothing. Plan it again when there is something on offer.")
            if terms.deadline is None
            else _("There is no price to wait at. Give a limit per tonne."),
            code="plan_empty",
        )
    quoted = plan.buys.exclude(quote_line=None).aggregate(cost=Sum(F("notional") + F("fee")))
    if terms.total_max < (cost := quoted["cost"] or 0):
        raise _total_refused(
            _("The quotes of this plan cost %(cost)s %(asset)s: allow at least that.")
            % {"cost": text_from_micro(cost), "asset": order.quote.code}
        )
    most = usual * 2 if order.total_max is None else order.total_max
    if not 0 < terms.total_max <= most:
        raise _total_refused(
            _("The total must be more than 0 and no more than %(most)s %(asset)s.")
            % {"most": text_from_micro(most), "asset": order.quote.code}
        )


def deadline_check(execution: BulkExecution) -> None:
    """Raises Conflict `deadline_over` for what was approved too late."""
    if execution.deadline is not None and execution.deadline <= timezone.now():
        raise Conflict(
            _("Its deadline is over. Turn it down, and have it asked for again."),
            code="deadline_over",
        )


def _usual_cost(order: BulkOrder, plan: BulkPlan, terms: Terms) -> int:
    """What one expects to pay, in quote micro-units: the plan, or all of it at its limits."""
    if terms.deadline is None:
        return plan.cost if plan.filled else 0
    dearest = plan.buys.aggregate(price=Max("price_limit"))["price"]
    waiting = 0
    for demand in order.demands.all():
        known = [price for price in (demand.price_max, terms.limit_price) if price is not None]
        waiting += notional_of(min(known, default=dearest or 0), demand.grams)
    return max(waiting, plan.cost)


def _deadline_refused(message: str) -> ServiceError:
    return ServiceError(message, code="invalid_deadline", field="deadline")


def _total_refused(message: str) -> ServiceError:
    return ServiceError(message, code="invalid_total", field="total_max")

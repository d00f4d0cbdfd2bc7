"""What an owner sees of bulk orders. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.models import Owner
from apps.orderbook.bulk.columns import REPORT_COLUMN, name_of
from apps.orderbook.bulk.refusals import sentence_of
from apps.orderbook.engine.book.money import MICRO
from apps.orderbook.models import BulkBuy, BulkDemand, BulkOrder, BulkPlan, BulkRefusal, BulkShort
from apps.orderbook.planning import planner
from apps.orderbook.services.bulk_reading import file_rows
from apps.registry.models import CreditClass, Label, ProjectType, Registry

REFUSALS_SHOWN = 50
# Of average prices, in micro-units.
_STEP = 100


@dataclass(frozen=True, slots=True)
class Purchase:
    """A line of a plan: what is bought of one class. Prices are quote micro-units a tonne."""

    buy: BulkBuy
    credit_class: CreditClass
    price_average: int
    impact_bps: int


@dataclass(frozen=True, slots=True)
class Open:
    """What a plan leaves open of one demand, and why."""

    grams: int
    wanted: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan as a page shows it. `short_grams` is all that it leaves open."""

    plan: BulkPlan
    purchases: list[Purchase]
    shortfalls: list[Open]
    short_grams: int
    price_average: int
    notice: str


def bulk_orders_of(owner: Owner) -> QuerySet[BulkOrder]:
    """The owner's bulk orders, latest first."""
    found = BulkOrder.objects.filter(owner=owner).select_related("quote", "made_by", "owner")
    return found.order_by("-pk")


def bulk_order_of(owner: Owner, public_id: uuid.UUID) -> BulkOrder | None:
    """One of the owner's bulk orders; None for a stranger's and for none at all."""
    return bulk_orders_of(owner).filter(public_id=public_id).first()


def refusals_of(order: BulkOrder) -> list[tuple[BulkRefusal, str]]:
    """The first things that are wrong with its lines, each with its sentence."""
    first = order.refusals.order_by("line", "pk")[:REFUSALS_SHOWN]
    return [(refusal, sentence_of(refusal.code, refusal.params)) for refusal in first]


def failure_of(order: BulkOrder) -> str:
    """Why the file as a whole could not be used; empty if it could."""
    if not order.failure_code:
        return ""
    return sentence_of(order.failure_code, order.failure_params)


def report_of(order: BulkOrder) -> tuple[list[str], Iterator[list[str]]]:
    """The file as it came, with what is wrong with each line in front: header and rows."""
    header, rows = file_rows(Path(order.file.path))
    kept = [at for at, cell in enumerate(header.cells) if name_of(cell) != REPORT_COLUMN]
    return [REPORT_COLUMN, *(header.cells[at] for at in kept)], _reported(order, rows, kept)


def _reported(order: BulkOrder, rows: Any, kept: list[int]) -> Iterator[list[str]]:
    wrong = order.refusals.order_by("line", "pk").iterator(chunk_size=1_000)
    refusal = next(wrong, None)
    for row in rows:
        said = []
        while refusal is not None and refusal.line <= row.line:
            named = f"{refusal.column}: " if refusal.column else ""
            said.append(named + sentence_of(refusal.code, refusal.params))
            refusal = next(wrong, None)
        cells = [row.cells[at] if at < len(row.cells) else "" for at in kept]
        yield [" ".join(said), *cells]


def plan_of(order: BulkOrder) -> PlanShown | None:
    """The order's latest plan."""
    plan = order.plans.order_by("-pk").first()
    return None if plan is None else plan_shown(plan)


def plan_shown(plan: BulkPlan) -> PlanShown:
    """What a page shows of a plan."""
    shorts = list(plan.shorts.select_related("demand").order_by("-grams"))
    return PlanShown(
        plan=plan,
        purchases=_purchases(plan),
        shortfalls=_shortfalls(shorts),
        short_grams=sum(short.grams for short in shorts),
        price_average=price_average(plan.cost - plan.fees, _bought(plan)),
        notice=_notices().get(plan.notice, ""),
    )


def price_average(notional: int, size: int) -> int:
    """What a tonne cost on average, to the nearest hundredth of a cent; 0 of nothing."""
    return (notional * MICRO // size + _STEP // 2) // _STEP * _STEP if size else 0


def _bought(plan: BulkPlan) -> int:
    return sum(plan.buys.values_list("size", flat=True))


def _purchases(plan: BulkPlan) -> list[Purchase]:
    buys = list(plan.buys.select_related("product", "quote_line__quote").order_by("-size", "pk"))
    classes = CreditClass.objects.filter(asset__in=[buy.product.base_id for buy in buys])
    by_asset = {found.asset_id: found for found in classes.select_related("project__registry")}
    found = []
    for buy in buys:
        average = price_average(buy.notional, buy.size)
        impact = max(0, average - buy.price_best) * 10_000 // buy.price_best
        found.append(Purchase(buy, by_asset[buy.product.base_id], average, impact))
    return found


def _shortfalls(shorts: list[BulkShort]) -> list[Open]:
    names, reasons = DemandNames(), _reasons()
    return [
        Open(short.grams, names.of(short.demand), reasons.get(short.reason, "")) for short in shorts
    ]


class DemandNames:
    """What people call what demands ask for."""

    def __init__(self) -> None:
        self._names = {
            "registries": dict(Registry.objects.values_list("code", "name")),
            "types": {known.code: str(known) for known in ProjectType.objects.all()},
            "labels": {known.code: str(known) for known in Label.objects.all()},
        }

    def of(self, demand: BulkDemand) -> str:
        """The constraints of a demand in a few words."""
        said = demand.constraints
        words = [
            " / ".join(self._names.get(kind, {}).get(code, code) for code in said[kind])
            for kind in ("registries", "types", "countries", "labels")
            if kind in said
        ]
        words += [f"{agency} ≥ {grade}" for agency, grade in said.get("ratings_at_least", ())]
        if year := said.get("year_from"):
            words.append(_("from %(year)s") % {"year": year})
        return ", ".join(words) or _("Any credits")


def _reasons() -> dict[str, str]:
    return {
        planner.NO_MARKET: _("No credits on offer meet these constraints."),
        planner.PRICE: _("What is left costs more than these lines allow."),
        planner.DEPTH: _("The books do not have more of these credits."),
        planner.TOTAL: _("The most that the order may cost is used up."),
        planner.SHARES: _("A share that the order asks for stands in the way."),
        planner.LOTS: _("Only larger lots are on sale, and one costs more than these grams."),
        planner.NOT_CHOSEN: _("The quotes that were chosen have no more of these credits."),
    }


def _notices() -> dict[str, str]:
    return {
        planner.TOO_LARGE: _(
            "There are too many different constraints for the solver: each line takes the cheapest "
            "credits, those with the least choice first."
        ),
        planner.NO_TIME: _(
            "The solver found nothing in time: each line takes the cheapest credits, those with "
            "the least choice first."
        ),
        planner.NO_BETTER: _("Taking the cheapest credits first is the best plan found."),
        planner.CHOSEN: _("These quotes were chosen by hand: nothing is bought on the books."),
    }

"""Quotes weighed: each alone against the books alone, and a plan of what an asker chose by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import User
from apps.accounts.services.history import recorded_as
from apps.accounts.services.spending import spend_check
from apps.orderbook.models import BulkOrder, BulkPlan, Product, Quote, QuoteLine, QuoteScore
from apps.orderbook.planning.allotment import allot
from apps.orderbook.planning.greedy import greedy
from apps.orderbook.planning.planner import chosen
from apps.orderbook.planning.problem import Problem, Rules
from apps.orderbook.planning.scoring import Served, points_of
from apps.orderbook.services.bulk_approvals import order_lock
from apps.orderbook.services.bulk_planning import bulk_plan_keep, problem_of, sources_of
from apps.orderbook.services.quote_requests import SOURCE
from apps.registry.models import ClassLabel, ClassRating, CreditClass

_SECOND: Final = timedelta(seconds=1)


class Weighed(NamedTuple):
    """What a quote, or without one the books, would do alone, and its fees."""

    quote_id: int | None
    served: Served
    fees: int


def quotes_weigh(*, problem: Problem) -> list[Weighed]:
    """Each quote of the problem alone, and the books alone; nothing where there is no quote.

    Alone means without the shares and the total of the order, of which each is but a part.
    """
    places: dict[int | None, list[int]] = {}
    quotes = _quotes_of(problem)
    for place, source in enumerate(sources_of(problem)):
        line = source.quote_line_id
        places.setdefault(None if line is None else quotes[line].pk, []).append(place)
    if not quotes:
        return []
    places.setdefault(None, [])
    known = _known(problem)
    stands_s = {
        quote.pk: (quote.valid_until - quote.request.deadline) // _SECOND
        for quote in quotes.values()
    }
    return [
        _weighed(problem.only(own, Rules()), quote_id, known, stands_s.get(quote_id or 0, 0))
        for quote_id, own in places.items()
    ]


def scores_keep(*, plan: BulkPlan, weighed: Sequence[Weighed]) -> None:
    """Their points, beside the plan that was made from the same offers."""
    points = points_of([one.served for one in weighed], asked=plan.order.grams)
    QuoteScore.objects.bulk_create(
        QuoteScore(
            plan=plan,
            quote_id=one.quote_id,
            filled=one.served.filled,
            cost=one.served.cost,
            fees=one.fees,
            price_bps=own.price,
            coverage_bps=own.coverage,
            certainty_bps=own.certainty,
            quality_bps=own.quality,
            total_bps=own.total,
        )
        for one, own in zip(weighed, points, strict=True)
    )


def quotes_choose(*, order: BulkOrder, by: User, sizes: Mapping[int, int]) -> BulkPlan:
    """A plan that takes just these grams of these lines of quotes, by their keys.

    It is carried out like any other plan. Raises NotPermitted, Conflict `not_planned`,
    `quote_gone`, ServiceError `invalid_choice` for sizes that are not offered so, or that break the
    order's rules.
    """
    with recorded_as(user=by, source=SOURCE), transaction.atomic():
        locked = order_lock(order)
        spend_check(owner=locked.owner, asset=locked.quote, by=by, total=0, approving=False)
        if locked.state != BulkOrder.State.PLANNED:
            raise Conflict(
                _("This is not possible any more: %(state)s. Reload the page.")
                % {"state": locked.get_state_display()},
                code="not_planned",
            )
        problem, taken = _chosen_of(locked, sizes)
        if not any(taken) or not problem.is_sound(taken):
            raise ServiceError(
                _("Take each line whole, or as far as it allows, within the order's own rules."),
                code="invalid_choice",
                field="lines",
            )
        made = chosen(problem, taken)
        return bulk_plan_keep(order=locked, problem=problem, made=made, took_ms=0)


def _chosen_of(order: BulkOrder, sizes: Mapping[int, int]) -> tuple[Problem, list[int]]:
    """The order against the chosen lines alone, and how much of each is taken."""
    whole = problem_of(order, any_size=True)
    at = {source.quote_line_id: place for place, source in enumerate(sources_of(whole))}
    if not sizes or any(line not in at for line in sizes):
        raise Conflict(
            _("A quote that you chose does not stand any more. Look at those that do."),
            code="quote_gone",
        )
    rules = Rules(order.total_max, order.removals_min_bps, order.project_max_bps)
    return whole.only([at[line] for line in sizes], rules), list(sizes.values())


def _quotes_of(problem: Problem) -> dict[int, Quote]:
    """The quotes of the problem, by the keys of their lines."""
    keys = [source.quote_line_id for source in sources_of(problem) if source.quote_line_id]
    lines = QuoteLine.objects.filter(pk__in=keys).select_related("quote__request")
    return {line.pk: line.quote for line in lines}


class _Known(NamedTuple):
    """The products whose classes have a label, and those whose classes are rated."""

    labelled: frozenset[int]
    rated: frozenset[int]


def _known(problem: Problem) -> _Known:
    keys = {source.product_id for source in sources_of(problem)}
    bases = dict(Product.objects.filter(pk__in=keys).values_list("base", "pk"))
    classes = dict(CreditClass.objects.filter(asset__in=bases).values_list("pk", "asset"))

    def products(found: Iterator[int]) -> frozenset[int]:
        return frozenset(bases[classes[pk]] for pk in found)

    labels = ClassLabel.objects.filter(credit_class__in=classes, is_whole=True)
    ratings = ClassRating.objects.filter(credit_class__in=classes)
    return _Known(
        products(labels.values_list("credit_class", flat=True).iterator()),
        products(ratings.values_list("credit_class", flat=True).iterator()),
    )


def _weighed(problem: Problem, quote_id: int | None, known: _Known, stands_s: int) -> Weighed:
    sizes = greedy(problem)
    taken = [m.taken(size) for m, size in zip(problem.markets, sizes, strict=True)]
    keys = [source.product_id for source in sources_of(problem)]

    def of(products: frozenset[int]) -> int:
        return sum(size for key, size in zip(keys, sizes, strict=True) if key in products)

    served = Served(
        filled=allot(taken, problem.demands).filled,
        bought=sum(sizes),
        cost=problem.cost(sizes),
        removals=problem.removals(sizes),
        labelled=of(known.labelled),
        rated=of(known.rated),
        stands_s=stands_s,
    )
    fees = sum(m.fee(size) for m, size in zip(problem.markets, sizes, strict=True))
    return Weighed(quote_id, served, fees)

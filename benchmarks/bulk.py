"""Plans of bulk orders beside greedy ones, on the written-down instances of `bulk_books`.

`bulk_plan` is what the greedy plan costs divided by what ours costs: the geometric mean over the
instances where both fill the same. Where ours fills more it is not compared by cost, but counted in
`bulk_plan_fills_more`. A plan that is worse than the greedy one ends the run. Then an order of
100,000 lines goes from its file to its plan (`bulk_lines`).
"""

from __future__ import annotations

import time
from math import exp, log

from apps.orderbook.planning.planner import Plan, plan
from apps.orderbook.planning.problem import Problem
from benchmarks import bulk_lines
from benchmarks.bulk_books import SHAPES, problem_of
from benchmarks.figures import Figure, rounded


def measure() -> list[Figure]:
    """The ratio of costs, and how long the slowest plan took."""
    ratios, fills_more, slowest_s = [], 0, 0.0
    for shape in SHAPES:
        problem = problem_of(shape)
        began_s = time.perf_counter()
        made = plan(problem)
        took_s = time.perf_counter() - began_s
        slowest_s = max(slowest_s, took_s)
        _check(problem, made)
        ratio = None
        if made.filled == made.greedy_filled:
            ratios.append(ratio := made.greedy_cost / made.cost)
        fills_more += made.filled > made.greedy_filled
        print(f"  {shape.name:<36}{_told(made, ratio)}, {took_s:.2f} s")
    mean = exp(sum(log(ratio) for ratio in ratios) / len(ratios))
    return [
        Figure("bulk_plan", round(mean, 4), "x greedy", round(mean, 4), "greedy"),
        Figure("bulk_plan_best", round(max(ratios), 4), "x greedy"),
        Figure("bulk_plan_fills_more", fills_more, f"of {len(SHAPES)}"),
        Figure("bulk_plan_slowest", rounded(slowest_s), "s"),
        *bulk_lines.measure(),
    ]


def _check(problem: Problem, made: Plan) -> None:
    sizes = list(made.sizes)
    assert problem.is_sound(sizes), "a plan keeps to the rules"
    assert made.filled >= made.greedy_filled, "no plan fills less than the greedy one"
    assert made.filled > made.greedy_filled or made.cost <= made.greedy_cost


def _told(made: Plan, ratio: float | None) -> str:
    gap = "unknown" if made.gap_ppm is None else f"{made.gap_ppm} ppm"
    compared = "fills more" if ratio is None else f"{ratio:.4f} x"
    return f"{compared}, {made.method} {made.notice}, gap {gap}"

"""What a benchmark found: figures with what they are compared to, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

RESULTS: Final = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `ratio` is it divided by the figure named `against`, in the same run."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    against: str | None = None


def rounded(value: float) -> float:
    """Three digits are more than any run repeats."""
    return float(f"{value:.3g}")


def figure_of(
    name: str, runs: Sequence[float], unit: str, *, against: str = "", base: Sequence[float] = ()
) -> Figure:
    """The median of several runs; its ratio is the median of theirs, run by run."""
    ratio = rounded(median(a / b for a, b in zip(runs, base, strict=True))) if base else None
    return Figure(name, rounded(median(runs)), unit, ratio, against or None)


def spread(runs: Sequence[float]) -> str:
    return f"{rounded(min(runs)):,.10g} to {rounded(max(runs)):,.10g}"


def show(figures: Iterable[Figure]) -> None:
    """The table on the terminal."""
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:g} x {figure.against}"
        print(f"{figure.name:<28}{figure.value:>14,.10g} {figure.unit:<12}{ratio}")


def write(figures: Iterable[Figure]) -> None:
    """Add these figures to the results, in place of older ones of the same name."""
    old = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    by_name = {row["name"]: row for row in [*old, *map(asdict, figures)]}
    RESULTS.write_text(json.dumps(list(by_name.values()), indent=1) + "\n")

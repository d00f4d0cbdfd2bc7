"""Is a certificate what it says? Held against itself, and against the trace of its serials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ccmarket_client.models import Certificate, Citation, Trace

GRAMS_PER_TONNE: Final = 1_000_000
RETIRED: Final = "retired"


@dataclass(frozen=True, slots=True)
class Verification:
    """`problems` are sentences; a certificate without any is right."""

    certificate: Certificate
    problems: Sequence[str]

    @property
    def is_right(self) -> bool:
        return not self.problems


def verify(certificate: Certificate, traces: Mapping[str, Sequence[Trace]]) -> Verification:
    """`traces` of every serial that it cites, as the site tells them to anybody."""
    problems = [*_of_the_sum(certificate)]
    for citation in certificate.citations:
        problems += _of_itself(citation)
        problems += _of_the_trace(certificate, citation, traces.get(citation.serial, ()))
    return Verification(certificate, problems)


def _of_the_sum(certificate: Certificate) -> list[str]:
    total = sum((citation.amount for citation in certificate.citations), Decimal(0))
    if total == certificate.amount:
        return []
    return [f"It is about {certificate.amount} t, and its serials are {total} t."]


def _of_itself(citation: Citation) -> list[str]:
    """The grams from the first one of the first serial to the last one of the last."""
    between = (citation.last - citation.first) * GRAMS_PER_TONNE
    grams = between + citation.gram_to - citation.gram_from + 1
    if grams == citation.amount * GRAMS_PER_TONNE and citation.first <= citation.last:
        return []
    return [f"{citation.serial} is {Decimal(grams) / GRAMS_PER_TONNE} t, not {citation.amount} t."]


def _of_the_trace(
    certificate: Certificate, citation: Citation, traces: Sequence[Trace]
) -> list[str]:
    if not traces:
        return [f"Nobody knows the serial {citation.serial}."]
    problems = [
        f"{citation.serial} is of {trace.project} {trace.vintage_year}."
        for trace in traces
        if (trace.project, trace.vintage_year) != (certificate.project, certificate.vintage_year)
    ]
    retired = [
        event.amount
        for trace in traces
        for event in trace.events
        if (event.kind, event.reference) == (RETIRED, certificate.number)
        and event.serial == citation.serial
    ]
    if citation.amount not in retired:
        problems.append(f"The trace of {citation.serial} does not tell of this retirement.")
    return problems

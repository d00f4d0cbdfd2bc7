"""Labels in words, as pages and certificates show them: by kind, the goals by their numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from apps.registry.models import Label

GOAL = "sdg-"


class Labelled(Protocol):
    """A label of something; `note` says of what part of it, and nothing where it is of all."""

    @property
    def label(self) -> Label: ...

    @property
    def name(self) -> str: ...

    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Word:
    """A label as it is shown; `title` is its name where that is longer."""

    text: str
    note: str = ""
    title: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.note})" if self.note else self.text


@dataclass(frozen=True, slots=True)
class LabelGroup:
    """The labels of one kind."""

    kind: str
    words: list[Word]

    @property
    def name(self) -> str:
        return str(Label.Kind(self.kind).label)

    @property
    def is_goals(self) -> bool:
        return self.kind == Label.Kind.GOAL

    @property
    def lines(self) -> list[str]:
        """A line for each, where the name of the kind is not beside them; one for all goals."""
        texts = [str(word) for word in self.words]
        return [_("SDG %(numbers)s") % {"numbers": ", ".join(texts)}] if self.is_goals else texts


def grouped(items: Iterable[Labelled]) -> list[LabelGroup]:
    """By kind, in the order of the first label of each."""
    found: defaultdict[str, list[Word]] = defaultdict(list)
    for item in items:
        found[item.label.kind].append(_word(item))
    return [LabelGroup(kind, words) for kind, words in found.items()]


def _word(item: Labelled) -> Word:
    number = item.label.code.removeprefix(GOAL)
    if item.label.kind == Label.Kind.GOAL and number.isdigit():
        return Word(number, item.note, item.name)
    return Word(item.name, item.note)

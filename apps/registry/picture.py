"""What a credit is, at a glance: its labels, ratings, effect, durability and buffer.

A fixed number of queries, however many classes are asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from apps.registry.models import (
    ClassLabel,
    ClassRating,
    CreditClass,
    Effect,
    Label,
    LabelGrant,
    Project,
    ProjectType,
    Rating,
    RegistryEntry,
    SerialBlock,
)
from apps.registry.wording import LabelGroup, grouped

_BLOCK_LABELS = """
SELECT DISTINCT label_id FROM registry_block_labels(%s) WHERE days @> current_date
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """A label of a class: of all its blocks in custody, or of some."""

    label: Label
    is_whole: bool = True

    @property
    def name(self) -> str:
        return str(self.label)

    @property
    def note(self) -> str:
        return "" if self.is_whole else _("partly")


@dataclass(frozen=True, slots=True)
class Buffer:
    """What went into a pool against reversals, of what was issued for a project and year."""

    grams: int
    issued_grams: int

    @property
    def bps(self) -> int:
        """Basis points, rounded down."""
        return self.grams * 10_000 // self.issued_grams if self.issued_grams else 0

    @property
    def percent(self) -> str:
        """With two decimals: `12.50%`."""
        return f"{self.bps // 100}.{self.bps % 100:02d}%"


@dataclass(frozen=True, slots=True)
class Picture:
    """One class. `effect` is one of `Effect` or empty; `buffer` is None where no file tells."""

    credit_class: CreditClass
    type: ProjectType | None
    effect: str
    durability_years: int | None
    labels: list[Carried] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)
    buffer: Buffer | None = None

    @property
    def effect_name(self) -> str:
        return str(Effect(self.effect).label) if self.effect else ""

    @property
    def groups(self) -> list[LabelGroup]:
        return grouped(self.labels)

    @property
    def is_partly(self) -> bool:
        """Whether any label is not of all blocks."""
        return any(not item.is_whole for item in self.labels)


def pictured(classes: QuerySet[CreditClass]) -> QuerySet[CreditClass]:
    """The classes with what `pictures_of` reads of their projects."""
    return classes.select_related("project__registry", "project__taxonomy__type__category")


def pictures_of(classes: Collection[CreditClass]) -> dict[int, Picture]:
    """The picture of each class by its primary key."""
    labels, ratings, buffers = _labels(classes), _ratings(classes), _buffers(classes)
    return {
        item.pk: Picture(
            credit_class=item,
            type=type_of(item.project),
            effect=effect_of(labels[item.pk], type_of(item.project)),
            durability_years=durability_of(item.project),
            labels=labels[item.pk],
            ratings=ratings[item.pk],
            buffer=buffers.get((item.project_id, item.year)),
        )
        for item in classes
    }


def type_of(project: Project) -> ProjectType | None:
    """Its type in the taxonomy; None only where an installation has no taxonomy."""
    known = getattr(project, "taxonomy", None)
    return known.type if known else None


def durability_of(project: Project) -> int | None:
    """Its own durability in years, else its type's, if anybody said."""
    known = type_of(project)
    return project.durability_years or (known.durability_years if known else None)


def effect_of(labels: Iterable[Carried], known: ProjectType | None) -> str:
    """By the labels if they say, else by the type: what is both, or only partly one, is mixed."""
    said = [item for item in labels if item.label.effect]
    if not said:
        return known.effect if known else ""
    effects = {item.label.effect for item in said}
    is_pure = len(effects) == 1 and any(item.is_whole for item in said)
    return effects.pop() if is_pure else Effect.MIXED.value


def labels_of_block(block: SerialBlock) -> list[Carried]:
    """The labels that a block itself has, those that it has by a narrower one left out."""
    with connection.cursor() as cursor:
        cursor.execute(_BLOCK_LABELS, [[block.pk]])
        ids = [label_id for (label_id,) in cursor.fetchall()]
    return _narrowest([Carried(label) for label in Label.objects.filter(pk__in=ids)])


def grants_of(project: Project) -> QuerySet[LabelGrant]:
    """What staff gave to the project, its periods and its blocks, the newest first."""
    ours = Q(project=project) | Q(vintage__project=project) | Q(block__vintage__project=project)
    return (
        LabelGrant.objects.filter(ours)
        .select_related("label", "vintage", "block")
        .order_by("-on", "-pk")
    )


def _labels(classes: Collection[CreditClass]) -> dict[int, list[Carried]]:
    found: defaultdict[int, list[Carried]] = defaultdict(list)
    carried = ClassLabel.objects.filter(credit_class__in=[item.pk for item in classes])
    for row in carried.select_related("label"):
        found[row.credit_class_id].append(Carried(row.label, row.is_whole))
    return defaultdict(list, {pk: _narrowest(items) for pk, items in found.items()})


def _narrowest(items: list[Carried]) -> list[Carried]:
    """In the order of labels, without those that a narrower one of the same extent implies."""
    implied = {(item.label.broader_id, item.is_whole) for item in items}
    shown = [item for item in items if (item.label.pk, item.is_whole) not in implied]
    return sorted(shown, key=lambda item: (item.label.position, item.label.code))


def _ratings(classes: Collection[CreditClass]) -> defaultdict[int, list[Rating]]:
    rated = (
        ClassRating.objects.filter(credit_class__in=[item.pk for item in classes])
        .select_related("rating__grade__agency")
        .order_by("agency__name")
    )
    found: defaultdict[int, list[Rating]] = defaultdict(list)
    for row in rated:
        found[row.credit_class_id].append(row.rating)
    return found


def _buffers(classes: Collection[CreditClass]) -> dict[tuple[int, int], Buffer]:
    """By project and year, where at least one issuance says what went to a pool."""
    issued = (
        RegistryEntry.objects.filter(
            project__in={item.project_id for item in classes},
            year__in={item.year for item in classes},
            kind=RegistryEntry.Kind.ISSUANCE,
            buffer_grams__isnull=False,
        )
        .values_list("project", "year")
        .annotate(Sum("buffer_grams"), Sum("quantity_grams"))
    )
    return {(project, year): Buffer(grams, total) for project, year, grams, total in issued}

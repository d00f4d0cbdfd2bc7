"""Labels and ratings on blocks, as files and staff give them."""

from __future__ import annotations

from datetime import date
from itertools import count

from django.utils import timezone

from apps.registry.models import (
    CreditClass,
    Label,
    LabelGrant,
    Project,
    Rating,
    RatingAgency,
    RatingGrade,
    SerialBlock,
    Vintage,
)
from apps.registry.picture import pictures_of
from tests.support.registry import block_make, holder_make

SOURCE = "https://registry.example.com/statement"

_firsts = count(1_000_001, 10)


def class_of(*words: tuple[str, ...], project: str = "1987", year: int = 2023) -> CreditClass:
    """A class in custody of one block for each of `words`, its labels in the registry's words."""
    blocks = [block_make(next(_firsts), project=project, year=year) for _ in words]
    for block, said in zip(blocks, words, strict=True):
        block.certifications = list(said)
        block.save(update_fields=["certifications"])
    _, credit_class = holder_make(*blocks)
    return credit_class


def blocks_of(credit_class: CreditClass) -> list[SerialBlock]:
    return list(SerialBlock.objects.filter(vintage__credit_class=credit_class).order_by("start"))


def labels_of(credit_class: CreditClass) -> dict[str, bool]:
    """The labels that are shown of the class by their codes: True where all blocks have them."""
    picture = pictures_of([CreditClass.objects.get(pk=credit_class.pk)])[credit_class.pk]
    return {item.label.code: item.is_whole for item in picture.labels}


def grant(
    label: str, *, on: date | None = None, until: date | None = None, **scope: object
) -> LabelGrant:
    """A label from staff to a project, a vintage or a block."""
    return LabelGrant.objects.create(
        label=Label.objects.get(code=label),
        on=on or timezone.localdate(),
        until=until,
        source_url=SOURCE,
        **scope,
    )


def vintage_of(credit_class: CreditClass) -> Vintage:
    return Vintage.objects.get(credit_class=credit_class)


def agency_make(code: str, *grades: str) -> RatingAgency:
    """An agency whose grades are given from the best to the worst."""
    agency = RatingAgency.objects.create(code=code, name=code.title())
    for rank, grade in enumerate(reversed(grades), 1):
        RatingGrade.objects.create(agency=agency, grade=grade, rank=rank)
    return agency


def rate(project: Project, agency: str, grade: str, on: date, year: int | None = None) -> Rating:
    step = RatingGrade.objects.get(agency__code=agency, grade=grade)
    return Rating.objects.create(project=project, year=year, grade=step, on=on, url=SOURCE)

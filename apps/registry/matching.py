"""Which credit classes meet conditions: one selector for the API, the markets and bulk orders."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from apps.accounts.errors import ServiceError
from apps.registry.models import (
    ClassEffect,
    ClassLabel,
    ClassRating,
    CreditClass,
    Effect,
    Label,
    RatingGrade,
)


@dataclass(frozen=True, slots=True)
class CreditConstraints:
    """What a class has to be. Empty asks for everything; of several in a tuple, one is enough,
    but of `labels` and `ratings_at_least` it must meet all.

    `registries` are codes (VCS), `types` and `categories` codes of the taxonomy, `methodologies`
    codes (VM0007), `countries` ISO 3166-1 alpha-2, `projects` codes (VCS-1686), years inclusive.
    `labels` are codes of labels that all blocks of the class in custody have, or a narrower one.
    `ratings_at_least` are pairs of an agency's code and a grade. `effect` is one of `Effect`:
    by the label of the credits, else by the type of the project.
    """

    registries: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    methodologies: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    labels: tuple[str, ...] = ()
    ratings_at_least: tuple[tuple[str, str], ...] = ()
    effect: str = ""


def credit_classes_matching(constraints: CreditConstraints) -> QuerySet[CreditClass]:
    """The classes that meet all constraints, in no order; one query when it is read.

    Raises `ServiceError` (`unknown_label`, `unknown_rating`, `unknown_effect`) for what does not
    exist: a misspelt constraint must not quietly let nothing, or everything, through.
    """
    found = _of_projects(CreditClass.objects.all(), constraints)
    if constraints.year_from is not None:
        found = found.filter(year__gte=constraints.year_from)
    if constraints.year_to is not None:
        found = found.filter(year__lte=constraints.year_to)
    for label in _labels_known(constraints.labels):
        carried = ClassLabel.objects.filter(label=label, is_whole=True)
        found = found.filter(pk__in=carried.values("credit_class"))
    for agency, grade in constraints.ratings_at_least:
        step = _grade_known(agency, grade)
        rated = ClassRating.objects.filter(agency=step.agency_id, rank__gte=step.rank)
        found = found.filter(pk__in=rated.values("credit_class"))
    if constraints.effect:
        found = _with_effect(found, constraints.effect)
    return found


def _of_projects(
    found: QuerySet[CreditClass], constraints: CreditConstraints
) -> QuerySet[CreditClass]:
    asked = {
        "project__registry__code": constraints.registries,
        "project__code": constraints.projects,
        "project__taxonomy__type__category__code": constraints.categories,
        "project__taxonomy__type__code": constraints.types,
        "project__country": constraints.countries,
    }
    found = found.filter(**{f"{name}__in": values for name, values in asked.items() if values})
    if constraints.methodologies:
        # By a subquery: a project with two of them is still one.
        with_one = CreditClass.objects.filter(
            pk=OuterRef("pk"), project__terms__methodology__code__in=constraints.methodologies
        )
        found = found.filter(Exists(with_one))
    return found


def _labels_known(codes: tuple[str, ...]) -> list[Label]:
    labels = Label.objects.in_bulk(codes, field_name="code") if codes else {}
    for code in codes:
        if code not in labels:
            raise ServiceError(
                _("There is no label %(code)s; GET /labels lists them.") % {"code": code},
                code="unknown_label",
                field="label",
            )
    return list(labels.values())


def _grade_known(agency: str, grade: str) -> RatingGrade:
    step = RatingGrade.objects.filter(agency__code=agency, grade=grade).first()
    if step is None:
        raise ServiceError(
            _("There is no grade %(grade)s of an agency %(agency)s.")
            % {"grade": grade, "agency": agency},
            code="unknown_rating",
            field="rating",
        )
    return step


def _with_effect(found: QuerySet[CreditClass], effect: str) -> QuerySet[CreditClass]:
    if effect not in Effect.values:
        raise ServiceError(
            _("An effect is one of %(effects)s.") % {"effects": ", ".join(Effect.values)},
            code="unknown_effect",
            field="effect",
        )
    having = ClassEffect.objects.filter(effect=effect)
    return found.filter(pk__in=having.values("credit_class"))

"""What visitors browse: projects, their credit classes, and how many grams stand where."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.http import Http404
from django_countries import countries

from apps.accounts.ledger.services import CUSTODY
from apps.accounts.models import Balance
from apps.registry.models import CreditClass, Project, Retirement, SerialBlock, Span
from apps.registry.models.blocks import GRAMS_PER_TONNE

LATEST_RETIREMENTS = 10


@dataclass(frozen=True, slots=True)
class ProjectSearch:
    """What a visitor asked for. Empty texts ask for everything."""

    text: str = ""
    country: str = ""
    project_type: str = ""


@dataclass(frozen=True, slots=True)
class ClassPosition:
    """One credit class and its grams: received into custody, retired here, tonnes issued in all."""

    credit_class: CreditClass
    issued_tonnes: int
    received_grams: int
    retired_grams: int

    @property
    def standing_grams(self) -> int:
        return self.received_grams - self.retired_grams


def projects_search(search: ProjectSearch) -> QuerySet[Project]:
    """Projects with their range of vintage years, those with credits in our custody first."""
    found = Project.objects.select_related("registry").annotate(
        year_first=Min("credit_classes__year"),
        year_last=Max("credit_classes__year"),
        blocks_here=Count(
            "vintages__blocks",
            filter=Q(vintages__blocks__state=SerialBlock.State.IMMOBILISED),
            distinct=True,
        ),
    )
    for word in search.text.split():
        found = found.filter(
            Q(name__icontains=word) | Q(code__icontains=word) | Q(proponent__icontains=word)
        )
    if search.country:
        found = found.filter(country=search.country)
    if search.project_type:
        found = found.filter(project_type=search.project_type)
    return found.order_by(F("blocks_here").desc(), "name")


def countries_of_projects() -> list[tuple[str, str]]:
    """Code and name of every country that has a project, by name."""
    codes = Project.objects.exclude(country="").values_list("country", flat=True).distinct()
    return sorted(((code, countries.name(code)) for code in codes), key=lambda pair: pair[1])


def types_of_projects() -> list[str]:
    """Every project type there is, as the registries call it."""
    kinds = Project.objects.exclude(project_type="").values_list("project_type", flat=True)
    return sorted(set(kinds))


def project_by_code(code: str) -> Project:
    """The project of that code, or a 404."""
    try:
        return Project.objects.select_related("registry").get(code=code)
    except Project.DoesNotExist:
        raise Http404(code) from None


def class_positions(classes: QuerySet[CreditClass]) -> list[ClassPosition]:
    """Where the grams of each class stand, newest vintage first."""
    chosen = list(
        classes.select_related("project", "asset").annotate(issued=Sum("vintages__issued_tonnes"))
    )
    chosen.sort(key=lambda item: (item.project_id, -item.year))
    received = dict(
        Balance.objects.filter(
            owner__platform_name=CUSTODY, asset__in=[item.asset_id for item in chosen]
        ).values_list("asset_id", F("available") + F("held"))
    )
    retired = dict(
        Retirement.objects.filter(credit_class__in=chosen)
        .values_list("credit_class_id")
        .annotate(Sum("amount_grams"))
    )
    return [
        ClassPosition(
            credit_class=item,
            issued_tonnes=item.issued or 0,
            received_grams=-received.get(item.asset_id, 0),
            retired_grams=retired.get(item.pk, 0),
        )
        for item in chosen
    ]


def blocks_here(project: Project) -> QuerySet[SerialBlock]:
    """The project's blocks that stand in our custody, by vintage and serial."""
    return (
        SerialBlock.objects.filter(vintage__project=project, state=SerialBlock.State.IMMOBILISED)
        .select_related("vintage__credit_class")
        .order_by("vintage__start", "start")
    )


def retirements_latest(project: Project | None = None) -> QuerySet[Retirement]:
    """The newest retirements, of one project or of all."""
    found = Retirement.objects.select_related("credit_class__project")
    if project is not None:
        found = found.filter(credit_class__project=project)
    return found.order_by("-created_at")[:LATEST_RETIREMENTS]


def immobilised_grams() -> int:
    """Grams in our custody now: the immobilised blocks without what has left them for good."""
    tonnes = SerialBlock.objects.filter(state=SerialBlock.State.IMMOBILISED).aggregate(
        sum=Sum(F("end") - F("start") + 1)
    )["sum"]
    gone = (
        Span.objects.exclude(state=Span.State.TOKENISED)
        .filter(block__state=SerialBlock.State.IMMOBILISED)
        .aggregate(sum=Sum(F("grams__endswith") - F("grams__startswith")))["sum"]
    )
    return (tonnes or 0) * GRAMS_PER_TONNE - int(gone or 0)


def retired_grams() -> int:
    """Grams retired on the platform so far."""
    return Retirement.objects.aggregate(sum=Sum("amount_grams"))["sum"] or 0

"""What visitors browse: projects, their credit classes, and how many grams stand where."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Sum
from django.http import Http404
from django_countries import countries

from apps.accounts.ledger.services import CUSTODY
from apps.accounts.models import Balance, Owner
from apps.registry.imports.further import FURTHER
from apps.registry.models import (
    ClassLabel,
    CreditClass,
    Label,
    Project,
    ProjectType,
    Registry,
    Retirement,
    SerialBlock,
    Span,
)
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.picture import Picture, pictured, pictures_of

LATEST_RETIREMENTS = 10


@dataclass(frozen=True, slots=True)
class ProjectSearch:
    """What a visitor asked for. Empty texts ask for everything."""

    text: str = ""
    country: str = ""
    kind: str = ""
    registry: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class VintagePosition:
    """One vintage year of a project: tonnes issued in all, grams received here, retired here.

    `credit_class` is there once credits of that year came into custody; `issued_tonnes` is None
    where the registry's file does not say.
    """

    year: int
    credit_class: CreditClass | None
    issued_tonnes: int | None
    received_grams: int = 0
    retired_grams: int = 0
    picture: Picture | None = None

    @property
    def standing_grams(self) -> int:
        return self.received_grams - self.retired_grams


def projects_search(search: ProjectSearch) -> QuerySet[Project]:
    """Projects with their range of vintage years, those with credits in our custody first."""
    here = SerialBlock.objects.filter(
        vintage__project=OuterRef("pk"), state=SerialBlock.State.IMMOBILISED
    )
    found = Project.objects.select_related("registry", "taxonomy__type__category").annotate(
        year_first=Min("vintages__year"), year_last=Max("vintages__year"), is_here=Exists(here)
    )
    for word in search.text.split():
        found = found.filter(
            Q(name__icontains=word) | Q(code__icontains=word) | Q(proponent__icontains=word)
        )
    if search.country:
        found = found.filter(country=search.country)
    if search.kind:
        found = found.filter(kind=search.kind)
    if search.registry:
        found = found.filter(registry__code=search.registry)
    if search.type:
        found = found.filter(taxonomy__type__code=search.type)
    return found.order_by(F("is_here").desc(), "name")


def countries_of_projects() -> list[tuple[str, str]]:
    """Code and name of every country that has a project, by name."""
    codes = Project.objects.exclude(country="").values_list("country", flat=True).distinct()
    return sorted(((code, countries.name(code)) for code in codes), key=lambda pair: pair[1])


def types_of_projects() -> list[ProjectType]:
    """Every type that a project has, by name."""
    found = ProjectType.objects.filter(
        Exists(Project.objects.filter(taxonomy__type=OuterRef("pk")))
    )
    return sorted(found, key=str)


def registries_of_projects() -> list[Registry]:
    """Every registry that has a project here, by name."""
    ours = Project.objects.filter(registry=OuterRef("pk"))
    return list(Registry.objects.filter(Exists(ours)).order_by("name"))


def labels_carried() -> list[Label]:
    """Every label that at least one class has as a whole, in the order of labels."""
    carried = ClassLabel.objects.filter(label=OuterRef("pk"), is_whole=True)
    return list(Label.objects.filter(Exists(carried)))


def project_by_code(code: str) -> Project:
    """The project of that code, or a 404."""
    try:
        return Project.objects.select_related("registry", "taxonomy__type__category").get(code=code)
    except Project.DoesNotExist:
        raise Http404(code) from None


def further_of(project: Project) -> list[tuple[str, str]]:
    """What else the registry says of a project: the name for people, and its words."""
    said = project.further
    return [(str(label), said[name]) for name, label in FURTHER.items() if name in said]


def vintages_of(project: Project) -> list[VintagePosition]:
    """Where the grams of each vintage year stand, newest first."""
    issued = dict(
        project.vintages.values_list("year").annotate(Sum("issued_tonnes")).order_by("-year")
    )
    classes = {item.year: item for item in pictured(CreditClass.objects.filter(project=project))}
    pictures = pictures_of(classes.values())
    assets = [item.asset_id for item in classes.values()]
    received = dict(
        Balance.objects.filter(owner__platform_name=CUSTODY, asset__in=assets).values_list(
            "asset_id", F("available") + F("held")
        )
    )
    retired = dict(
        Retirement.objects.filter(credit_class__in=classes.values())
        .values_list("credit_class_id")
        .annotate(Sum("amount_grams"))
    )
    return [
        VintagePosition(year, None, tonnes)
        if (item := classes.get(year)) is None
        else VintagePosition(
            year,
            item,
            tonnes,
            -received.get(item.asset_id, 0),
            retired.get(item.pk, 0),
            pictures[item.pk],
        )
        for year, tonnes in issued.items()
    ]


def classes_held(owner: Owner, *, with_empty: bool = False) -> QuerySet[CreditClass]:
    """The credit classes of which the owner has something available, by code.

    `with_empty` also those of which they once had.
    """
    held = Balance.objects.filter(owner=owner, asset=OuterRef("asset"))
    if not with_empty:
        held = held.filter(available__gt=0)
    return (
        CreditClass.objects.filter(Exists(held)).select_related("project", "asset").order_by("code")
    )


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

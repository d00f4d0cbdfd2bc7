"""Projects and the credit classes that trade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.fields import MicroField
from apps.registry.api.base import PageInput, ProblemOutput, PublicView, checked, paged
from apps.registry.browse import ProjectSearch, projects_search
from apps.registry.models import CreditClass, Project, Vintage
from apps.registry.registries import project_url
from apps.registry.standing import Standing, standings_of


class VintageOutput(serializers.ModelSerializer[Vintage]):
    """A monitoring period. `issued_tonnes` is null where the registry's file does not say."""

    credit = serializers.CharField(source="credit_class.code", default=None)

    class Meta:
        model = Vintage
        fields = ("start", "end", "year", "issued_tonnes", "credit")


class ProjectOutput(serializers.ModelSerializer[Project]):
    """A project as its registry describes it; `kind` and `description` are our words."""

    registry = serializers.CharField(source="registry.name")
    registry_url = serializers.SerializerMethodField()
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2.")

    class Meta:
        model = Project
        fields: tuple[str, ...] = (
            "code",
            "registry",
            "registry_project_id",
            "registry_url",
            "name",
            "proponent",
            "kind",
            "project_type",
            "methodologies",
            "country",
            "status",
            "crediting_start",
            "crediting_end",
            "description",
        )

    def get_registry_url(self, project: Project) -> str:
        return project_url(project.registry.code, project.registry_project_id)


class ProjectDetailOutput(ProjectOutput):
    """The same with its vintages."""

    vintages = VintageOutput(many=True)

    class Meta(ProjectOutput.Meta):
        fields = (*ProjectOutput.Meta.fields, "vintages")


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit class and where its grams are."""

    credit_class: CreditClass
    standing: Standing

    @property
    def code(self) -> str:
        return self.credit_class.code


class CreditOutput(serializers.Serializer[Any]):
    """A credit class and where its tonnes are.

    Of what was `received` into custody, `free` backs the balances, `tokenised` is out as NFTs
    and `retired` was retired here. All in tonnes with up to 6 decimals.
    """

    code = serializers.CharField()
    project = serializers.CharField(source="credit_class.project.code")
    year = serializers.IntegerField(source="credit_class.year")
    received = MicroField(source="standing.received_grams")
    free = MicroField(source="standing.free_grams")
    tokenised = MicroField(source="standing.tokenised_grams")
    retired = MicroField(source="standing.retired_grams")


class ProjectsInput(PageInput):
    q = serializers.CharField(default="", max_length=200, help_text="Words of name or proponent.")
    country = serializers.CharField(default="", max_length=2, help_text="ISO 3166-1 alpha-2.")
    kind = serializers.CharField(default="", max_length=60)


class CreditsInput(PageInput):
    project = serializers.CharField(default="", max_length=60, help_text="A project's code.")


class ProjectsView(PublicView):
    """Projects by code."""

    @extend_schema(parameters=[ProjectsInput], responses=ProjectOutput(many=True))
    def get(self, request: Request) -> Response:
        asked = checked(ProjectsInput, request.query_params)
        search = ProjectSearch(text=asked["q"], country=asked["country"], kind=asked["kind"])
        found = projects_search(search).filter(code__gt=asked["after"]).order_by("code")
        rows = list(found[: asked["limit"] + 1])
        return paged(rows, ProjectOutput, limit=asked["limit"], cursor="code")


class ProjectView(PublicView):
    """One project with its vintages."""

    @extend_schema(responses={200: ProjectDetailOutput, 404: ProblemOutput})
    def get(self, request: Request, code: str) -> Response:
        found = (
            Project.objects.select_related("registry")
            .prefetch_related("vintages__credit_class")
            .filter(code=code)
            .first()
        )
        if found is None:
            raise Http404(code)
        return Response(ProjectDetailOutput(found).data)


class CreditsView(PublicView):
    """Credit classes by code, and where their tonnes are."""

    @extend_schema(parameters=[CreditsInput], responses=CreditOutput(many=True))
    def get(self, request: Request) -> Response:
        asked = checked(CreditsInput, request.query_params)
        found = CreditClass.objects.filter(code__gt=asked["after"])
        if asked["project"]:
            found = found.filter(project__code=asked["project"])
        found = found.select_related("project").order_by("code")
        rows = _credits(list(found[: asked["limit"] + 1]))
        return paged(rows, CreditOutput, limit=asked["limit"], cursor="code")


class CreditView(PublicView):
    """One credit class."""

    @extend_schema(responses={200: CreditOutput, 404: ProblemOutput})
    def get(self, request: Request, code: str) -> Response:
        found = CreditClass.objects.select_related("project").filter(code=code).first()
        if found is None:
            raise Http404(code)
        return Response(CreditOutput(_credits([found])[0]).data)


def _credits(classes: list[CreditClass]) -> list[Credit]:
    standings = standings_of(classes)
    return [Credit(item, standings.get(item.pk, Standing())) for item in classes]

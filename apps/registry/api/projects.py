"""Projects as their registries describe them, in one taxonomy."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.registry.api.base import PageInput, ProblemOutput, PublicView, checked, paged
from apps.registry.browse import ProjectSearch, projects_search
from apps.registry.models import Project, Vintage
from apps.registry.picture import durability_of, type_of
from apps.registry.registries import project_url


class VintageOutput(serializers.ModelSerializer[Vintage]):
    """A monitoring period. `issued_tonnes` is null where the registry's file does not say."""

    credit = serializers.CharField(source="credit_class.code", default=None)

    class Meta:
        model = Vintage
        fields = ("start", "end", "year", "issued_tonnes", "credit")


class ProjectOutput(serializers.ModelSerializer[Project]):
    """A project as its registry describes it; `kind` and `description` are our words.

    `type` and `category` are codes of our taxonomy (`GET types`), `project_type` and
    `methodologies` the registry's words.
    """

    registry = serializers.CharField(source="registry.name")
    registry_code = serializers.CharField(source="registry.code")
    registry_url = serializers.SerializerMethodField()
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2.")
    type = serializers.SerializerMethodField()
    category = serializers.SerializerMethodField()
    durability_years = serializers.SerializerMethodField()

    class Meta:
        model = Project
        fields: tuple[str, ...] = (
            "code",
            "registry",
            "registry_code",
            "registry_project_id",
            "registry_url",
            "name",
            "proponent",
            "type",
            "category",
            "kind",
            "project_type",
            "afolu_activities",
            "methodologies",
            "country",
            "region",
            "location",
            "latitude",
            "longitude",
            "status",
            "registered_on",
            "crediting_start",
            "crediting_end",
            "estimated_annual_tonnes",
            "durability_years",
            "sdgs",
            "website",
            "description",
        )

    def get_registry_url(self, project: Project) -> str:
        return project_url(project.registry.code, project.registry_project_id)

    def get_type(self, project: Project) -> str | None:
        known = type_of(project)
        return known.code if known else None

    def get_category(self, project: Project) -> str | None:
        known = type_of(project)
        return known.category.code if known else None

    def get_durability_years(self, project: Project) -> int | None:
        return durability_of(project)


class ProjectDetailOutput(ProjectOutput):
    """The same with its vintages, and what else its registry says, in the registry's words."""

    vintages = VintageOutput(many=True)
    further = serializers.DictField(child=serializers.CharField())

    class Meta(ProjectOutput.Meta):
        fields = (*ProjectOutput.Meta.fields, "further", "vintages")


class ProjectsInput(PageInput):
    q = serializers.CharField(default="", max_length=200, help_text="Words of name or proponent.")
    country = serializers.CharField(default="", max_length=2, help_text="ISO 3166-1 alpha-2.")
    kind = serializers.CharField(default="", max_length=60, help_text="Our own word, whole.")
    registry = serializers.CharField(default="", max_length=12, help_text="A code, like VCS.")
    type = serializers.CharField(default="", max_length=40, help_text="A code of `GET types`.")


class ProjectsView(PublicView):
    """Projects by code."""

    @extend_schema(parameters=[ProjectsInput], responses=ProjectOutput(many=True))
    def get(self, request: Request) -> Response:
        asked = checked(ProjectsInput, request.query_params)
        search = ProjectSearch(
            text=asked["q"],
            country=asked["country"],
            kind=asked["kind"],
            registry=asked["registry"],
            type=asked["type"],
        )
        found = projects_search(search).filter(code__gt=asked["after"]).order_by("code")
        rows = list(found[: asked["limit"] + 1])
        return paged(rows, ProjectOutput, limit=asked["limit"], cursor="code")


class ProjectView(PublicView):
    """One project with its vintages."""

    @extend_schema(responses={200: ProjectDetailOutput, 404: ProblemOutput})
    def get(self, request: Request, code: str) -> Response:
        found = (
            Project.objects.select_related("registry", "taxonomy__type__category")
            .prefetch_related("vintages__credit_class")
            .filter(code=code)
            .first()
        )
        if found is None:
            raise Http404(code)
        return Response(ProjectDetailOutput(found).data)

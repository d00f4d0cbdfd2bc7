"""The words that conditions on credits are made of: types, labels and scales of ratings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.registry.api.base import PublicView
from apps.registry.models import Label, ProjectType, RatingAgency, RatingGrade


class TypeOutput(serializers.ModelSerializer[ProjectType]):
    """A type of projects, and its effect where credits are not labelled."""

    category = serializers.CharField(source="category.code")

    class Meta:
        model = ProjectType
        fields = ("code", "name", "category", "effect")


class LabelKindOutput(serializers.ModelSerializer[Label]):
    """A label. What has it also has the `broader` one."""

    broader = serializers.CharField(source="broader.code", allow_null=True)
    url = serializers.CharField(help_text="Empty where there is no page.")

    class Meta:
        model = Label
        fields = ("code", "name", "kind", "broader", "url")


class ScaleOutput(serializers.Serializer[Any]):
    """An agency and its grades, the best first."""

    code = serializers.CharField()
    name = serializers.CharField()
    grades = serializers.SerializerMethodField()

    def get_grades(self, agency: RatingAgency) -> list[str]:
        grades: list[RatingGrade] = sorted(agency.grades.all(), key=lambda grade: -grade.rank)
        return [grade.grade for grade in grades]


class TypesView(PublicView):
    """All types."""

    @extend_schema(responses=TypeOutput(many=True))
    def get(self, request: Request) -> Response:
        types = ProjectType.objects.select_related("category").order_by("code")
        return Response(TypeOutput(types, many=True).data)


class LabelsView(PublicView):
    """All labels."""

    @extend_schema(responses=LabelKindOutput(many=True))
    def get(self, request: Request) -> Response:
        labels = Label.objects.select_related("broader")
        return Response(LabelKindOutput(labels, many=True).data)


class RatingsView(PublicView):
    """The scales of all agencies."""

    @extend_schema(responses=ScaleOutput(many=True))
    def get(self, request: Request) -> Response:
        agencies = RatingAgency.objects.prefetch_related("grades").order_by("code")
        return Response(ScaleOutput(agencies, many=True).data)

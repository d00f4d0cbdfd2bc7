"""The credit classes that trade: what they are, and where their tonnes are."""

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
from apps.registry.matching import CreditConstraints, credit_classes_matching
from apps.registry.models import CreditClass, Effect
from apps.registry.picture import Picture, pictured, pictures_of
from apps.registry.standing import Standing, standings_of

LIST_LIMIT_ITEMS = 50


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit class, its picture, and where its grams are."""

    credit_class: CreditClass
    picture: Picture
    standing: Standing

    @property
    def code(self) -> str:
        return self.credit_class.code


class LabelOutput(serializers.Serializer[Any]):
    """A label that all blocks of the class in custody have; only some, if not `whole`."""

    code = serializers.CharField(source="label.code")
    name = serializers.CharField(source="label.name")
    whole = serializers.BooleanField(source="is_whole")


class RatingOutput(serializers.Serializer[Any]):
    """What an agency says today."""

    agency = serializers.CharField(source="grade.agency.code")
    grade = serializers.CharField(source="grade.grade")
    on = serializers.DateField()
    url = serializers.URLField()


class CreditOutput(serializers.Serializer[Any]):
    """A credit class: what it is, and where its tonnes are.

    `effect` is removal, reduction or mixed. `buffer_bps` is how much of what was issued went into
    a pool against reversals, null where no file tells. Of what was `received` into custody,
    `free` backs the balances, `tokenised` is out as NFTs and `retired` was retired here. All in
    tonnes with up to 6 decimals.
    """

    code = serializers.CharField()
    project = serializers.CharField(source="credit_class.project.code")
    registry = serializers.CharField(source="credit_class.project.registry.code")
    country = serializers.CharField(source="credit_class.project.country.code")
    year = serializers.IntegerField(source="credit_class.year")
    type = serializers.CharField(source="picture.type.code", allow_null=True)
    effect = serializers.CharField(source="picture.effect")
    durability_years = serializers.IntegerField(source="picture.durability_years", allow_null=True)
    buffer_bps = serializers.IntegerField(source="picture.buffer.bps", allow_null=True)
    labels = LabelOutput(source="picture.labels", many=True)
    ratings = RatingOutput(source="picture.ratings", many=True)
    received = MicroField(source="standing.received_grams")
    free = MicroField(source="standing.free_grams")
    tokenised = MicroField(source="standing.tokenised_grams")
    retired = MicroField(source="standing.retired_grams")


class WordsField(serializers.CharField):
    """Words with commas between them."""

    def __init__(self, help_text: str) -> None:
        super().__init__(default="", max_length=1_000, help_text=f"{help_text} Several: a,b.")

    def to_internal_value(self, data: Any) -> Any:
        words = [word.strip() for word in super().to_internal_value(data).split(",")]
        if len(words) > LIST_LIMIT_ITEMS:
            raise serializers.ValidationError(f"At most {LIST_LIMIT_ITEMS}.")
        return tuple(filter(None, words))


class CreditsInput(PageInput):
    """Conditions that a class must meet, all of them."""

    project = WordsField("Projects' codes, like VCS-1686: any of them.")
    registry = WordsField("Registries' codes, like VCS: any of them.")
    country = WordsField("ISO 3166-1 alpha-2: any of them.")
    category = WordsField("Categories of `GET types`: any of them.")
    type = WordsField("Types of `GET types`: any of them.")
    methodology = WordsField("Codes of methodologies, like VM0007: any of them.")
    year_from = serializers.IntegerField(required=False, min_value=1900, max_value=2999)
    year_to = serializers.IntegerField(required=False, min_value=1900, max_value=2999)
    label = WordsField(  # type: ignore[assignment]  # DRF's fields have a label of their own
        "Labels of `GET labels`, on all blocks in custody: all of them."
    )
    rating = WordsField("Agency and least grade of `GET ratings`, like agency:BBB: all of them.")
    effect = serializers.ChoiceField(choices=Effect.values, default="")


class CreditsView(PublicView):
    """Credit classes by code."""

    @extend_schema(
        parameters=[CreditsInput],
        responses={200: CreditOutput(many=True), 400: ProblemOutput},
    )
    def get(self, request: Request) -> Response:
        asked = checked(CreditsInput, request.query_params)
        found = credit_classes_matching(_constraints(asked)).filter(code__gt=asked["after"])
        rows = _credits(list(pictured(found).order_by("code")[: asked["limit"] + 1]))
        return paged(rows, CreditOutput, limit=asked["limit"], cursor="code")


class CreditView(PublicView):
    """One credit class."""

    @extend_schema(responses={200: CreditOutput, 404: ProblemOutput})
    def get(self, request: Request, code: str) -> Response:
        found = pictured(CreditClass.objects.filter(code=code)).first()
        if found is None:
            raise Http404(code)
        return Response(CreditOutput(_credits([found])[0]).data)


def _constraints(asked: dict[str, Any]) -> CreditConstraints:
    return CreditConstraints(
        registries=asked["registry"] or (),
        projects=asked["project"] or (),
        categories=asked["category"] or (),
        types=asked["type"] or (),
        methodologies=asked["methodology"] or (),
        countries=tuple(code.upper() for code in asked["country"]),
        year_from=asked.get("year_from"),
        year_to=asked.get("year_to"),
        labels=asked["label"] or (),
        ratings_at_least=tuple(_rating(text) for text in asked["rating"]),
        effect=asked["effect"],
    )


def _rating(text: str) -> tuple[str, str]:
    agency, _, grade = text.partition(":")
    return agency, grade


def _credits(classes: list[CreditClass]) -> list[Credit]:
    standings, pictures = standings_of(classes), pictures_of(classes)
    return [Credit(item, pictures[item.pk], standings.get(item.pk, Standing())) for item in classes]

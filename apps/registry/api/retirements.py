"""Retiring credits, and the certificates that tell of it."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import RETIRE, acting
from apps.accounts.api.fields import MicroField
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.registry.api.base import PageInput, ProblemOutput, PublicView, SignedView, checked, paged
from apps.registry.api.inputs import credit_class_of, idempotency_key
from apps.registry.api.serials import CitationOutput
from apps.registry.certificates import certificate_address
from apps.registry.certifying import certificate_labels, certificate_lines, corrected_at
from apps.registry.models import RegistryRetirement, Retirement
from apps.registry.models.retirement import BENEFICIARY_CHARS_MAX, MESSAGE_CHARS_MAX
from apps.registry.selectors import retirement_by_number
from apps.registry.services.retirements import retirement_create


class RetirementInput(serializers.Serializer[Any]):
    """What to retire, and for whom."""

    credit = serializers.CharField(max_length=40, help_text="A credit's code: VCS-1686-2017.")
    amount = MicroField(help_text="Tonnes, from 0.000001 on.")
    beneficiary = serializers.CharField(max_length=BENEFICIARY_CHARS_MAX)
    message = serializers.CharField(max_length=MESSAGE_CHARS_MAX, default="", allow_blank=True)
    period_start = serializers.DateField(default=None, allow_null=True)
    period_end = serializers.DateField(default=None, allow_null=True)


class RetirementOutput(serializers.ModelSerializer[Retirement]):
    """A retirement and where its certificate is."""

    credit = serializers.CharField(source="credit_class.code")
    amount = MicroField(source="amount_grams", help_text="Tonnes.")
    retired_at = serializers.DateTimeField(source="created_at")
    certificate_url = serializers.SerializerMethodField()
    pdf_url = serializers.SerializerMethodField()

    class Meta:
        model = Retirement
        fields: tuple[str, ...] = (
            "number",
            "credit",
            "amount",
            "beneficiary",
            "message",
            "period_start",
            "period_end",
            "source",
            "retired_at",
            "registry_confirmed_at",
            "registry_reference",
            "certificate_url",
            "pdf_url",
        )

    def get_certificate_url(self, retirement: Retirement) -> str:
        return certificate_address(retirement)

    def get_pdf_url(self, retirement: Retirement) -> str:
        return reverse("certificate_pdf", args=[retirement.number])


class FullnessOutput(serializers.Serializer[Any]):
    """How much of a tonne that others share is retired so far."""

    serial = serializers.IntegerField()
    retired = MicroField(source="retired_grams", help_text="Tonnes.")
    is_full = serializers.BooleanField()


class AtRegistryOutput(serializers.Serializer[Any]):
    """What the registry did of some of the serials: it retires whole tonnes.

    `filling` waits for its tonne to be full, `ready` is to be retired, `confirmed` has been.
    """

    state = serializers.ChoiceField(RegistryRetirement.State.choices)
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    percent = serializers.IntegerField(help_text="How full a tonne that waits is.")
    reference = serializers.CharField()
    retired_on = serializers.DateField(allow_null=True)


class LineOutput(CitationOutput):
    """One run of serials that the certificate cites."""

    shared = FullnessOutput(many=True)
    at_registry = AtRegistryOutput(many=True)


class RetiredLabelOutput(serializers.Serializer[Any]):
    """A label that the retired credits had when they were retired, by the name that it had."""

    code = serializers.CharField(source="label.code")
    name = serializers.CharField()
    whole = serializers.BooleanField(source="is_whole")
    amount = MicroField(source="grams", help_text="Tonnes of it that had the label.")


class CertificateOutput(RetirementOutput):
    """The same with every serial that it cites, and the labels that these had."""

    project = serializers.CharField(source="credit_class.project.code")
    project_name = serializers.CharField(source="credit_class.project.name")
    vintage_year = serializers.IntegerField(source="credit_class.year")
    beneficiary_corrected_at = serializers.SerializerMethodField()
    labels = serializers.SerializerMethodField()
    serials = serializers.SerializerMethodField()

    class Meta(RetirementOutput.Meta):
        fields = (
            *RetirementOutput.Meta.fields,
            "project",
            "project_name",
            "vintage_year",
            "beneficiary_corrected_at",
            "labels",
            "serials",
        )

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_beneficiary_corrected_at(self, retirement: Retirement) -> Any:
        return corrected_at(retirement)

    @extend_schema_field(RetiredLabelOutput(many=True))
    def get_labels(self, retirement: Retirement) -> Any:
        return RetiredLabelOutput(certificate_labels(retirement), many=True).data

    @extend_schema_field(LineOutput(many=True))
    def get_serials(self, retirement: Retirement) -> Any:
        return [
            {
                **CitationOutput(line.citation).data,
                "shared": FullnessOutput(line.shared, many=True).data,
                "at_registry": AtRegistryOutput(line.at_registry, many=True).data,
            }
            for line in certificate_lines(retirement)
        ]


class RetirementsView(SignedView):
    """The retirements of the account that the request acts for."""

    scopes = {"POST": RETIRE}

    @extend_schema(parameters=[PageInput], responses=RetirementOutput(many=True))
    def get(self, request: Request) -> Response:
        asked = checked(PageInput, request.query_params)
        found = Retirement.objects.filter(owner=acting(request).owner).select_related(
            "credit_class"
        )
        if asked["after"]:
            found = found.filter(number__lt=asked["after"])
        rows = list(found.order_by("-number")[: asked["limit"] + 1])
        return paged(rows, RetirementOutput, limit=asked["limit"], cursor="number")

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=RetirementInput,
        responses={
            201: CertificateOutput,
            400: ProblemOutput,
            404: ProblemOutput,
            409: ProblemOutput,
            422: ProblemOutput,
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = checked(RetirementInput, request.data)
        who = acting(request)
        retirement = retirement_create(
            owner=who.owner,
            user=who.user,
            credit_class=credit_class_of(asked.pop("credit")),
            amount_grams=asked.pop("amount"),
            idempotency_key=idempotency_key(request),
            **asked,
        )
        return Response(CertificateOutput(retirement).data, status=201)


class CertificateView(PublicView):
    """A certificate, for anybody who has its number."""

    @extend_schema(responses={200: CertificateOutput, 404: ProblemOutput})
    def get(self, request: Request, number: str) -> Response:
        found = retirement_by_number(number)
        if found is None:
            raise Http404(number)
        return Response(CertificateOutput(found).data)

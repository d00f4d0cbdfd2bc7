"""Serial numbers: whose they are and where every gram of them is."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.fields import MicroField
from apps.accounts.errors import ServiceError
from apps.registry.api.base import ProblemOutput, PublicView
from apps.registry.refusals import SerialRefused
from apps.registry.selectors import Trace, step_of, traces_of

EVENTS_MAX = 200


class CitationOutput(serializers.Serializer[Any]):
    """Grams in the registry's terms.

    From gram `gram_from` of serial `first` to gram `gram_to` of serial `last`, both included and
    counted from 1.
    """

    serial = serializers.CharField()
    block = serializers.CharField(source="block.serial")
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    gram_from = serializers.IntegerField()
    gram_to = serializers.IntegerField()
    amount = MicroField(source="grams", help_text="Tonnes.")


class StepOutput(serializers.Serializer[Any]):
    """One event in the life of some of the grams."""

    kind = serializers.CharField()
    at = serializers.DateTimeField()
    reference = serializers.CharField(help_text="Certificate number, transaction or statement.")
    serial = serializers.CharField(source="citation.serial")
    amount = MicroField(source="citation.grams", help_text="Tonnes.")


class TraceOutput(serializers.Serializer[Any]):
    """The serials of one block: what the registry says, where they are, what happened to them."""

    serial = serializers.CharField()
    block = serializers.CharField(source="block.serial")
    project = serializers.CharField(source="block.vintage.project.code")
    vintage_year = serializers.IntegerField(source="block.vintage.year")
    issued_on = serializers.DateField(source="block.issued_on")
    retired_at_registry_on = serializers.DateField(source="block.retired_on")
    standing = serializers.DictField(
        child=MicroField(),
        help_text="Tonnes by state: issued, immobilised, tokenised, retired, withdrawn, cancelled.",
    )
    events = serializers.SerializerMethodField(help_text=f"The newest {EVENTS_MAX}.")

    @extend_schema_field(StepOutput(many=True))
    def get_events(self, trace: Trace) -> Any:
        newest = trace.events.order_by("-at", "-id")[:EVENTS_MAX]
        return StepOutput([step_of(event) for event in newest], many=True).data


class SerialView(PublicView):
    """A serial number as a registry writes it, in any usual spelling."""

    @extend_schema(responses={200: TraceOutput(many=True), 400: ProblemOutput, 404: ProblemOutput})
    def get(self, request: Request, serial: str) -> Response:
        try:
            traces = traces_of(serial)
        except SerialRefused as refused:
            raise ServiceError(str(refused), code=refused.code, field="serial") from refused
        if not traces:
            raise Http404(serial)
        return Response(TraceOutput(traces, many=True).data)

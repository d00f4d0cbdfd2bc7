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
from apps.registry.reported import REPORTED_MAX, Reported, inside, reported_of, without_block
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


class ReportedOutput(serializers.Serializer[Any]):
    """A retirement or cancellation that the registry itself reported of some of the serials."""

    kind = serializers.ChoiceField(choices=["retirement", "cancellation"], source="entry.kind")
    on = serializers.DateField(source="entry.on", allow_null=True)
    serial = serializers.CharField()
    beneficiary = serializers.CharField(source="entry.beneficiary")
    reason = serializers.CharField(source="entry.reason")


class TraceOutput(serializers.Serializer[Any]):
    """The serials of one block: what the registry says, where they are, what happened to them.

    `block` is null where the registry reported an ending of serials whose issuance it did not
    publish with serials; then `issued_on` is null as well, and nothing happened here.
    """

    serial = serializers.CharField()
    block = serializers.CharField(source="block.serial", allow_null=True)
    project = serializers.CharField(source="block.vintage.project.code")
    vintage_year = serializers.IntegerField(source="block.vintage.year", allow_null=True)
    issued_on = serializers.DateField(source="block.issued_on", allow_null=True)
    retired_at_registry_on = serializers.DateField(source="block.retired_on", allow_null=True)
    standing = serializers.DictField(
        child=MicroField(),
        help_text="Tonnes by state: issued, immobilised, tokenised, retired, withdrawn, cancelled.",
    )
    reported = serializers.SerializerMethodField(
        help_text=f"What the registry itself reported of them, the first {REPORTED_MAX}."
    )
    events = serializers.SerializerMethodField(help_text=f"The newest {EVENTS_MAX}.")

    @extend_schema_field(ReportedOutput(many=True))
    def get_reported(self, trace: Trace) -> Any:
        return ReportedOutput(inside(self.context.get("reported", []), trace), many=True).data

    @extend_schema_field(StepOutput(many=True))
    def get_events(self, trace: Trace) -> Any:
        newest = trace.events.order_by("-at", "-id")[:EVENTS_MAX]
        return StepOutput([step_of(event) for event in newest], many=True).data


class UnlistedOutput(serializers.Serializer[Any]):
    """An ending without a block, in the shape of a trace."""

    serial = serializers.CharField()
    block = serializers.ReadOnlyField(default=None)
    project = serializers.CharField(source="entry.project.code")
    vintage_year = serializers.IntegerField(source="entry.year")
    issued_on = serializers.ReadOnlyField(default=None)
    retired_at_registry_on = serializers.DateField(source="entry.on")
    standing = serializers.DictField(child=MicroField())
    reported = serializers.SerializerMethodField()
    events = serializers.ListField(default=list)

    def get_reported(self, reported: Reported) -> Any:
        return ReportedOutput([reported], many=True).data


class SerialView(PublicView):
    """A serial number as a registry writes it, in any usual spelling."""

    @extend_schema(responses={200: TraceOutput(many=True), 400: ProblemOutput, 404: ProblemOutput})
    def get(self, request: Request, serial: str) -> Response:
        try:
            traces, reported = traces_of(serial), reported_of(serial)
        except SerialRefused as refused:
            raise ServiceError(str(refused), code=refused.code, field="serial") from refused
        if not traces and not reported:
            raise Http404(serial)
        unlisted = UnlistedOutput(without_block(reported, traces), many=True).data
        known = TraceOutput(traces, many=True, context={"reported": reported}).data
        return Response([*known, *unlisted])

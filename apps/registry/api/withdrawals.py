"""Asking for the real credits in an account at the registry."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.accounts.errors import NotFound
from apps.registry.api.base import PageInput, ProblemOutput, SignedView, checked, paged
from apps.registry.api.inputs import credit_class_of, idempotency_key
from apps.registry.models import Withdrawal, WithdrawalLine
from apps.registry.models.withdrawals import ACCOUNT_CHARS_MAX, NAME_CHARS_MAX
from apps.registry.services.withdrawals import (
    TONNES_MAX,
    withdrawal_cancel,
    withdrawal_request,
)
from apps.registry.withdrawing import outcome_of, withdrawal_of, withdrawals_of


class WithdrawalInput(serializers.Serializer[Any]):
    """How many tonnes, and where to."""

    credit = serializers.CharField(max_length=40, help_text="A credit's code: VCS-1686-2017.")
    tonnes = serializers.IntegerField(min_value=1, max_value=TONNES_MAX)
    registry_account = serializers.CharField(
        max_length=ACCOUNT_CHARS_MAX, help_text="The account's number at the registry."
    )
    account_name = serializers.CharField(
        max_length=NAME_CHARS_MAX, help_text="In whose name the registry keeps it."
    )


class WithdrawnSerialsOutput(serializers.ModelSerializer[WithdrawalLine]):
    """One run of serials."""

    tonnes = serializers.IntegerField()

    class Meta:
        model = WithdrawalLine
        fields = ("serial", "tonnes")


class WithdrawalOutput(serializers.ModelSerializer[Withdrawal]):
    """A withdrawal, and how the registry transferred it once it is `final`."""

    id = serializers.UUIDField(source="public_id")
    credit = serializers.CharField(source="credit_class.code")
    serials = WithdrawnSerialsOutput(source="lines", many=True)
    registry_reference = serializers.SerializerMethodField()
    transferred_on = serializers.SerializerMethodField()

    class Meta:
        model = Withdrawal
        fields = (
            "id",
            "number",
            "state",
            "credit",
            "tonnes",
            "registry_account",
            "account_name",
            "created_at",
            "ended_at",
            "registry_reference",
            "transferred_on",
            "serials",
        )

    def get_registry_reference(self, withdrawal: Withdrawal) -> str:
        outcome = None if withdrawal.is_open else outcome_of(withdrawal)
        return outcome.registry_reference if outcome else ""

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_transferred_on(self, withdrawal: Withdrawal) -> str | None:
        outcome = None if withdrawal.is_open else outcome_of(withdrawal)
        return outcome.transferred_on.isoformat() if outcome and outcome.transferred_on else None


class WithdrawalsView(SignedView):
    """The withdrawals of the account that the request acts for."""

    scopes = {"POST": TRANSFER}

    @extend_schema(parameters=[PageInput], responses=WithdrawalOutput(many=True))
    def get(self, request: Request) -> Response:
        asked = checked(PageInput, request.query_params)
        found = withdrawals_of(acting(request).owner).prefetch_related("lines")
        if asked["after"]:
            found = found.filter(number__lt=asked["after"])
        rows = list(found.order_by("-number")[: asked["limit"] + 1])
        return paged(rows, WithdrawalOutput, limit=asked["limit"], cursor="number")

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=WithdrawalInput,
        responses={
            201: WithdrawalOutput,
            400: ProblemOutput,
            404: ProblemOutput,
            409: ProblemOutput,
            422: ProblemOutput,
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = checked(WithdrawalInput, request.data)
        who = acting(request)
        made = withdrawal_request(
            owner=who.owner,
            user=who.user,
            credit_class=credit_class_of(asked.pop("credit")),
            idempotency_key=idempotency_key(request),
            **asked,
        )
        return Response(WithdrawalOutput(made).data, status=201)


class WithdrawalView(SignedView):
    """One withdrawal."""

    scopes = {"DELETE": TRANSFER}

    @extend_schema(responses={200: WithdrawalOutput, 404: ProblemOutput})
    def get(self, request: Request, withdrawal: str) -> Response:
        return Response(WithdrawalOutput(_withdrawal(request, withdrawal)).data)

    @extend_schema(responses={200: WithdrawalOutput, 404: ProblemOutput, 409: ProblemOutput})
    def delete(self, request: Request, withdrawal: str) -> Response:
        """Cancels it, until staff take it up."""
        found = withdrawal_cancel(withdrawal=_withdrawal(request, withdrawal))
        return Response(WithdrawalOutput(found).data)


def _withdrawal(request: Request, public_id: str) -> Withdrawal:
    found = withdrawal_of(acting(request).owner, public_id)
    if found is None:
        raise NotFound(_("There is no such withdrawal. GET /api/v1/withdrawals lists yours."))
    return found

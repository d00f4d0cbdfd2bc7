"""An organisation's accounts, as the dialect's profiles. docs/sub-accounts.md."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import TRANSFER, Acting, acting
from apps.accounts.api.fields import MicroField
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent, key_of
from apps.accounts.errors import Conflict, NotFound, NotPermitted
from apps.accounts.models import AccountMove, Organisation, Owner
from apps.accounts.roles import accounts_beside
from apps.accounts.services.account_closing import sub_account_close
from apps.accounts.services.account_moves import account_move
from apps.accounts.services.sub_accounts import (
    NAME_CHARS_MAX,
    sub_account_open,
    sub_account_rename,
)
from apps.orderbook import dialect, names
from apps.orderbook.api.base import DialectView, checked, errors
from apps.orderbook.api.fields import PublicIdField, TimeField
from apps.orderbook.ids import profile_id_from_uuid, profile_uuid
from apps.orderbook.selectors.products import asset_by_name

DEFAULT_NAME = "default"


class ProfileOutput(serializers.Serializer[Any]):
    """An account; the default one is the main account, or a person's."""

    id = PublicIdField(profile_uuid, source="pk")
    user_id = PublicIdField(profile_uuid, source="main_id")
    name = serializers.SerializerMethodField()
    active = serializers.SerializerMethodField()
    is_default = serializers.SerializerMethodField()
    created_at = serializers.SerializerMethodField()

    def get_name(self, owner: Owner) -> str:
        return owner.department or DEFAULT_NAME

    def get_active(self, owner: Owner) -> bool:
        return owner.closed_at is None

    def get_is_default(self, owner: Owner) -> bool:
        return owner.parent_id is None

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_created_at(self, owner: Owner) -> str:
        if owner.user is not None:
            return dialect.time_text(owner.user.date_joined)
        assert owner.organisation is not None, "the platform has no profile"
        return dialect.time_text(owner.opened_at or owner.organisation.created_at)


class ProfileInput(serializers.Serializer[Any]):
    """What an account is called."""

    name = serializers.CharField(max_length=NAME_CHARS_MAX)


class DeactivationInput(serializers.Serializer[Any]):
    """Where what is left goes."""

    to = serializers.UUIDField(
        required=False, default=None, help_text="The profile that gets what is available."
    )


class ProfileTransferInput(serializers.Serializer[Any]):
    """What moves from where to where."""

    to = serializers.UUIDField()
    currency = serializers.CharField(max_length=40, help_text="CC, USDC, VCS_1686_2017.")
    amount = MicroField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.UUIDField(), **super().get_fields()}


class ProfileTransferOutput(serializers.Serializer[Any]):
    """What moved."""

    id = serializers.UUIDField(source="public_id")
    to = PublicIdField(profile_uuid, source="to_owner_id")
    currency = serializers.SerializerMethodField()
    amount = MicroField()
    created_at = TimeField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        source = PublicIdField(profile_uuid, source="from_owner_id")
        return {"from": source, **super().get_fields()}

    def get_currency(self, move: AccountMove) -> str:
        return names.currency_id(move.asset.code)


class ProfilesView(DialectView):
    """The accounts that the caller may act for."""

    scopes: ClassVar[dict[str, str]] = {"POST": TRANSFER}

    class QuerySerializer(serializers.Serializer[Any]):
        active = serializers.BooleanField(
            required=False, allow_null=True, default=None, help_text="Only open, or closed, ones."
        )

    @extend_schema(
        parameters=[QuerySerializer],
        responses={200: ProfileOutput(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """All of them with the main account; a sub-account sees itself and the default one."""
        active = checked(self.QuerySerializer, request.query_params)["active"]
        found = _beside(acting(request))
        if active is not None:
            found = found.filter(closed_at__isnull=active)
        return Response(ProfileOutput(found, many=True).data)

    @extend_schema(
        request=ProfileInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: ProfileOutput, **errors(400, 401, 403, 409, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Opens a sub-account. Owners of the organisation may, with a key of its main account."""
        who, name = acting(request), checked(ProfileInput, request.data)["name"]
        made = sub_account_open(organisation=_organisation(who), name=name, by=who.user)
        return Response(ProfileOutput(made).data)


class ProfileView(DialectView):
    """One account."""

    scopes: ClassVar[dict[str, str]] = {"PUT": TRANSFER}

    @extend_schema(responses={200: ProfileOutput, **errors(401, 403, 404)})
    def get(self, request: Request, profile: uuid.UUID) -> Response:
        """How it is called, and whether it is open."""
        return Response(ProfileOutput(_named(acting(request), profile)).data)

    @extend_schema(
        request=ProfileInput, responses={200: ProfileOutput, **errors(400, 401, 403, 404, 409)}
    )
    def put(self, request: Request, profile: uuid.UUID) -> Response:
        """Gives it another name."""
        who, name = acting(request), checked(ProfileInput, request.data)["name"]
        account = _named(who, profile)
        _organisation(who)
        named = sub_account_rename(account=account, name=name, by=who.user)
        return Response(ProfileOutput(named).data)


class ProfileDeactivationView(DialectView):
    """The end of a sub-account."""

    scopes: ClassVar[dict[str, str]] = {"PUT": TRANSFER}

    @extend_schema(
        request=DeactivationInput,
        responses={200: ProfileOutput, **errors(400, 401, 403, 404, 409)},
    )
    def put(self, request: Request, profile: uuid.UUID) -> Response:
        """Closes it, with what is available moved to another. Refused while orders are open."""
        who, asked = acting(request), checked(DeactivationInput, request.data)
        account = _named(who, profile)
        _organisation(who)
        to = _named(who, asked["to"]) if asked["to"] else None
        closed = sub_account_close(account=account, to=to, by=who.user)
        return Response(ProfileOutput(closed).data)


class ProfileTransferView(DialectView):
    """Moving an amount between two accounts of an organisation."""

    scopes: ClassVar[dict[str, str]] = {"POST": TRANSFER}

    @extend_schema(
        request=ProfileTransferInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: ProfileTransferOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """At once. With the key of a sub-account, only out of its own."""
        who, values = acting(request), checked(ProfileTransferInput, request.data)
        source = _named(who, values["from"])
        if who.owner.parent_id is not None and source.pk != who.owner.pk:
            raise _main_only()
        move = account_move(
            from_owner=source,
            to_owner=_named(who, values["to"]),
            asset=asset_by_name(values["currency"]),
            amount=values["amount"],
            by=who.user,
            # Clients of the original send none: then each request is one of its own.
            idempotency_key=key_of(request) or f"api-{uuid.uuid4()}",
        )
        return Response(ProfileTransferOutput(move).data)


def _beside(who: Acting) -> QuerySet[Owner]:
    return accounts_beside(owner=who.owner, user=who.user)


def _named(who: Acting, profile: uuid.UUID) -> Owner:
    found = _beside(who).filter(pk=profile_id_from_uuid(profile)).first()
    if found is None:
        raise NotFound(_("There is no such profile."))
    return found


def _organisation(who: Acting) -> Organisation:
    """Of whose accounts the caller may decide. Raises Conflict `main_account`, NotPermitted."""
    if who.owner.organisation is None:
        raise Conflict(
            _("A person has one account. Create an organisation to have sub-accounts."),
            code="main_account",
        )
    if who.owner.parent_id is not None:
        raise _main_only()
    return who.owner.organisation


def _main_only() -> NotPermitted:
    return NotPermitted(
        _("This takes a key of the organisation's main account."), code="main_account_only"
    )

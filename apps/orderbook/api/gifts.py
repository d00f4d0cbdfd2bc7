"""Gifts: part of a balance to an email address or a wallet, claimed by whoever has its link."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import TRANSFER, acting
from apps.accounts.api.fields import MicroField
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.accounts.errors import NotFound
from apps.accounts.models import Gift
from apps.accounts.models.gifts import MESSAGE_CHARS_MAX
from apps.accounts.selectors import gifts_of
from apps.accounts.services.gifts import (
    gift_claim,
    gift_create,
    gift_link,
    gift_of_link,
    gift_return,
)
from apps.orderbook import names
from apps.orderbook.api.base import DialectView, checked, cursors_set, errors
from apps.orderbook.api.fields import LimitField, Output, TimeField
from apps.orderbook.ids import ID_MAX
from apps.orderbook.selectors.products import asset_by_name
from apps.registry.api.inputs import idempotency_key

TO_CHARS_MAX = 254
LINK_CHARS_MAX = 500


class GiftInput(serializers.Serializer[Any]):
    """What, how much, and for whom."""

    currency = serializers.CharField(max_length=40, help_text="CC, USDC, VCS_1686_2017.")
    amount = MicroField()
    to = serializers.CharField(
        max_length=TO_CHARS_MAX, help_text="An email address, or a wallet's address."
    )
    message = serializers.CharField(max_length=MESSAGE_CHARS_MAX, allow_blank=True, default="")


class ClaimInput(serializers.Serializer[Any]):
    """The link that came with a gift."""

    link = serializers.CharField(max_length=LINK_CHARS_MAX)


class ClaimedGiftOutput(Output):
    """A gift as its taker sees it. `state` is open, claimed or returned."""

    id = serializers.UUIDField(source="public_id")
    currency = serializers.SerializerMethodField()
    amount = MicroField()
    message = serializers.CharField()
    state = serializers.CharField()
    created_at = TimeField()
    expires_at = TimeField()
    ended_at = TimeField(required=False)

    def get_currency(self, gift: Gift) -> str:
        return names.currency_id(gift.asset.code)


class GiftOutput(ClaimedGiftOutput):
    """A gift as its giver sees it."""

    to = serializers.SerializerMethodField()

    def get_to(self, gift: Gift) -> str:
        return gift.to_email or gift.to_address


class NewGiftOutput(GiftOutput):
    """The same with its link: whoever has it may claim."""

    link = serializers.SerializerMethodField()

    def get_link(self, gift: Gift) -> str:
        return gift_link(gift)


class GiftsView(DialectView):
    """What the owner gave."""

    scopes: ClassVar[dict[str, str]] = {"POST": TRANSFER}

    class QuerySerializer(serializers.Serializer[Any]):
        limit = LimitField()
        after = serializers.IntegerField(min_value=0, max_value=ID_MAX, default=None)

    @extend_schema(
        parameters=[QuerySerializer],
        responses={200: GiftOutput(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Latest first, without their links: a key that only looks claims nothing."""
        asked = checked(self.QuerySerializer, request.query_params)
        found = gifts_of(acting(request).owner)
        if asked["after"] is not None:
            found = found.filter(pk__lt=asked["after"])
        rows = list(found[: asked["limit"]])
        response = Response(GiftOutput(rows, many=True).data)
        if len(rows) == asked["limit"]:
            cursors_set(response, before=None, after=rows[-1].pk)
        return response

    @extend_schema(
        request=GiftInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: NewGiftOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Holds the amount until it is claimed. To an email address, the link is mailed too."""
        values = checked(GiftInput, request.data)
        made = gift_create(
            owner=acting(request).owner,
            asset=asset_by_name(values.pop("currency")),
            idempotency_key=idempotency_key(request),
            **values,
        )
        return Response(NewGiftOutput(made).data, status=201)


class GiftView(DialectView):
    """One gift."""

    scopes: ClassVar[dict[str, str]] = {"DELETE": TRANSFER}

    @extend_schema(responses={200: GiftOutput, **errors(401, 403, 404)})
    def get(self, request: Request, gift: str) -> Response:
        """Whether somebody has claimed it."""
        return Response(GiftOutput(_gift(request, gift)).data)

    @extend_schema(responses={200: GiftOutput, **errors(401, 403, 404, 409)})
    def delete(self, request: Request, gift: str) -> Response:
        """Takes it back, unless somebody has claimed it."""
        return Response(GiftOutput(gift_return(gift=_gift(request, gift))).data)


class GiftClaimView(DialectView):
    """A gift to whoever asks."""

    scopes: ClassVar[dict[str, str]] = {"POST": TRANSFER}

    @extend_schema(
        request=ClaimInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: ClaimedGiftOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Moves it to the owner. Claiming one's own once more changes nothing."""
        found = gift_of_link(checked(ClaimInput, request.data)["link"])
        claimed = gift_claim(gift=found, owner=acting(request).owner)
        return Response(ClaimedGiftOutput(claimed).data)


def _gift(request: Request, public_id: str) -> Gift:
    found = gifts_of(acting(request).owner).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(_("There is no such gift."))
    return found

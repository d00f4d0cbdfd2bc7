"""Webhooks over the API: what the page does, for programs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.acting import TRADE, AppToken, acting
from apps.accounts.api.base import ApiView, checked, errors
from apps.accounts.api.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.accounts.errors import NotFound, NotPermitted
from apps.accounts.models import WebhookEndpoint, WebhookEvent, WebhookMessage
from apps.accounts.webhooks.addresses import URL_CHARS_MAX, url_check
from apps.accounts.webhooks.delivery import webhook_message_replay
from apps.accounts.webhooks.endpoints import webhook_create, webhook_end, webhook_rotate
from apps.accounts.webhooks.selectors import PAGE, messages_of, webhooks_of


class WebhookInput(serializers.Serializer[Any]):
    """Where to, and what of."""

    url = serializers.CharField(max_length=URL_CHARS_MAX, help_text="A public https address.")
    events = serializers.ListField(
        child=serializers.ChoiceField(WebhookEvent.choices), allow_empty=False
    )


class WebhookOutput(serializers.Serializer[Any]):
    """An endpoint."""

    id = serializers.UUIDField(source="public_id")
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(WebhookEvent.choices))
    created_at = serializers.DateTimeField()


class NewWebhookOutput(WebhookOutput):
    """The same with its secret, which is shown only now."""

    secret = serializers.CharField()


class AttemptOutput(serializers.Serializer[Any]):
    """How one attempt went."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    duration_ms = serializers.IntegerField()


class MessageOutput(serializers.Serializer[Any]):
    """One event, and how telling of it went. `id` is the header `webhook-id`."""

    id = serializers.CharField(source="__str__")
    event = serializers.ChoiceField(WebhookEvent.choices)
    state = serializers.ChoiceField(WebhookMessage.State.choices)
    created_at = serializers.DateTimeField()
    data = serializers.JSONField()  # type: ignore[assignment]  # Ours hides theirs, on purpose.
    attempts = AttemptOutput(many=True)


class WebhooksView(ApiView):
    """The owner's webhooks."""

    @extend_schema(responses={200: WebhookOutput(many=True), **errors(401, 403)})
    def get(self, request: Request) -> Response:
        """Those that are told."""
        return Response(WebhookOutput(webhooks_of(acting(request).owner), many=True).data)

    @extend_schema(
        request=WebhookInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: NewWebhookOutput, **errors(400, 401, 403, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        """Makes one. Its secret is in this answer only."""
        if isinstance(request.auth, AppToken):
            # It would be told of everything long after the app was disconnected.
            raise NotPermitted(_("Make webhooks on their page or with a key."), code="key_needed")
        # The name is looked up before any transaction begins.
        url_check(checked(WebhookInput, request.data)["url"])
        return self._create(request)

    @idempotent
    def _create(self, request: Request) -> Response:
        values, who = checked(WebhookInput, request.data), acting(request)
        made = webhook_create(owner=who.owner, user=who.user, **values)
        return Response(_with_secret(made.endpoint, made.secret), status=201)


class WebhookView(ApiView):
    """One webhook."""

    @extend_schema(responses={200: WebhookOutput, **errors(401, 403, 404)})
    def get(self, request: Request, webhook: str) -> Response:
        """As it is."""
        return Response(WebhookOutput(_webhook(request, webhook)).data)

    @extend_schema(responses={204: None, **errors(401, 403, 404)})
    def delete(self, request: Request, webhook: str) -> Response:
        """Ends it: nothing is sent there any more."""
        webhook_end(endpoint=_webhook(request, webhook))
        return Response(status=204)


class WebhookRotationView(ApiView):
    """A webhook's secret."""

    @extend_schema(
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: NewWebhookOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent
    def post(self, request: Request, webhook: str) -> Response:
        """Another secret. For a day the one before signs as well."""
        made = webhook_rotate(endpoint=_webhook(request, webhook))
        return Response(_with_secret(made.endpoint, made.secret))


class WebhookMessagesView(ApiView):
    """What a webhook was told."""

    class QuerySerializer(serializers.Serializer[Any]):
        limit = serializers.IntegerField(min_value=1, max_value=PAGE, default=PAGE)
        after = serializers.IntegerField(min_value=1, max_value=2**63 - 1, default=None)

    @extend_schema(
        parameters=[QuerySerializer],
        responses={200: MessageOutput(many=True), **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, webhook: str) -> Response:
        """The log, latest first."""
        asked = checked(self.QuerySerializer, request.query_params)
        rows = messages_of(_webhook(request, webhook), before=asked["after"], limit=asked["limit"])
        response = Response(MessageOutput(rows, many=True).data)
        if len(rows) == asked["limit"]:
            response["CB-AFTER"] = str(rows[-1].pk)
        return response


class WebhookReplayView(ApiView):
    """A message once more."""

    scopes: ClassVar[dict[str, str]] = {"POST": TRADE}

    @extend_schema(
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: MessageOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent
    def post(self, request: Request, webhook: str, message: str) -> Response:
        """Sends it again, under the same id."""
        found = _message(_webhook(request, webhook), message)
        webhook_message_replay(message=found)
        found.refresh_from_db()
        return Response(MessageOutput(found).data, status=202)


def _webhook(request: Request, public_id: str) -> WebhookEndpoint:
    found = webhooks_of(acting(request).owner).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(_("There is no such webhook."))
    return found


def _message(endpoint: WebhookEndpoint, name: str) -> WebhookMessage:
    hexadecimal = name.removeprefix("msg_")
    is_id = len(hexadecimal) == 32 and all(char in "0123456789abcdef" for char in hexadecimal)
    found = endpoint.messages.filter(public_id=hexadecimal).first() if is_id else None
    if found is None:
        raise NotFound(_("There is no such message."))
    return found


def _with_secret(endpoint: WebhookEndpoint, secret: str) -> dict[str, Any]:
    return {**WebhookOutput(endpoint).data, "secret": secret}

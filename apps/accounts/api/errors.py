"""Every error of the API in one shape, that of Coinbase Exchange with a code beside it.

    {"message": "Insufficient funds", "code": "insufficient_funds"}

`field` names the input an error is about. Where client libraries match the message word by word,
it is the original's wording, and `detail` has our sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SynchronousOnlyOperation,
)
from django.core.signals import got_request_exception
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.accounts.errors import ServiceError

log = structlog.get_logger(__name__)

# The original's wording, which clients such as ccxt match exactly.
DIALECT: Final = {
    "insufficient_funds": "Insufficient funds",
    "not_found": "NotFound",
}
THROTTLED: Final = "Private rate limit exceeded"
RETRY_AFTER_S: Final = 1


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to whatever a view raised. Only what nobody foresaw is a 500, without detail."""
    if isinstance(error, SynchronousOnlyOperation):
        # Not the caller's business: the view goes on in a thread.
        raise error
    set_rollback()
    match error:
        case ServiceError():
            after_s = error.retry_after_s
            headers = {"Retry-After": str(after_s)} if after_s else {}
            return _answer(
                error.status, error.code, error.message, field=error.field, headers=headers
            )
        case exceptions.ValidationError():
            message, field = _first_problem(error.detail)
            return _answer(400, "invalid_request", message, field=field)
        case exceptions.APIException():
            return _drf_answer(error)
        case Http404():
            return _answer(404, "not_found", "NotFound")
        case PermissionDenied():
            return _answer(403, "not_permitted", "You may not do this.")
        case RequestDataTooBig():
            return _answer(413, "body_too_large", "The request body is too large.")
        case DataError():
            # A value that passed every check and that PostgreSQL cannot hold.
            log.warning("api_value_refused_by_database", exc_info=error)
            return _answer(400, "invalid_request", "A value is out of range.")
        case OperationalError() | InterfaceError():
            log.error("api_database_unavailable", exc_info=error)
            response = _answer(503, "unavailable", "Briefly unavailable. Send it again.")
            response["Retry-After"] = str(RETRY_AFTER_S)
            return response
    return _unexpected(error, context)


@csrf_exempt
def api_not_found(request: HttpRequest) -> JsonResponse:
    """For addresses that no view has."""
    return JsonResponse({"message": DIALECT["not_found"], "code": "not_found"}, status=404)


def _unexpected(error: Exception, context: Mapping[str, Any]) -> Response:
    log.error("api_error", exc_info=error)
    # As Django does for any other 500: test clients and error trackers listen to it.
    request = context.get("request")
    request = getattr(request, "_request", request)
    got_request_exception.send(sender=exception_handler, request=request)
    return _answer(500, "internal_error", "Internal server error")


def _drf_answer(error: exceptions.APIException) -> Response:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait_s := getattr(error, "wait", None):
        headers["Retry-After"] = f"{wait_s:.0f}"
    detail = error.detail if isinstance(error.detail, str) else error.default_detail
    if isinstance(error, exceptions.Throttled):
        detail = getattr(error, "wording", THROTTLED)
    return _answer(error.status_code, code, str(detail), headers=headers)


def _answer(
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    worded = DIALECT.get(code, message)
    body = {"message": worded, "code": code}
    if worded != message:
        body["detail"] = message
    if field:
        body["field"] = field
    return Response(body, status=status, headers=dict(headers or {}))


def _first_problem(detail: Any, field: str | None = None) -> tuple[str, str | None]:
    """The first message in DRF's nested detail, and the dotted path of its field."""
    if isinstance(detail, Mapping):
        name, inner = next(iter(detail.items()))
        here = None if name == "non_field_errors" else str(name)
        path = ".".join(filter(None, (field, here)))
        return _first_problem(inner, path or None)
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return _first_problem(next((item for item in detail if item), ""), field)
    return str(detail), field

"""What can go wrong. Every refusal has the API's `code`, which never changes, and its sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final


class CcmarketError(Exception):
    """Anything that this package raises."""


class TransportError(CcmarketError):
    """No answer came. Whether the request was carried out is not known."""


class TimedOut(CcmarketError):
    """What was waited for has not happened in time; it may still."""


class ApiError(CcmarketError):
    """The API refused. `field` names the input that it is about, if it is about one."""

    def __init__(
        self, status: int, code: str, message: str, *, field: str | None = None, detail: str = ""
    ) -> None:
        super().__init__(f"{message} ({code})")
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.detail = detail


class Refused(ApiError):
    """The request cannot be carried out as it is: 400, 413, 422."""


class NotAuthenticated(ApiError):
    """The key, its signature or the clock is wrong: 401."""


class NotPermitted(ApiError):
    """The key's scopes or the person's role do not allow it: 403."""


class NotFound(ApiError):
    """There is no such thing, or it is somebody else's: 404."""


class Conflict(ApiError):
    """It does not go together with what has happened: 409."""


class RateLimited(ApiError):
    """Too many requests: 429. `retry_after_s` says when there may be another."""

    retry_after_s: float = 1.0


class Unavailable(ApiError):
    """The server cannot at this moment: 5xx."""


_BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    401: NotAuthenticated,
    403: NotPermitted,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error that an answer says."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        told = {}
    kind = _BY_STATUS.get(status, Unavailable if status >= 500 else Refused)
    error = kind(
        status,
        str(told.get("code", "unknown")),
        str(told.get("message", f"HTTP {status}")),
        field=told.get("field"),
        detail=str(told.get("detail", "")),
    )
    if isinstance(error, RateLimited):
        after = headers.get("retry-after", "")
        error.retry_after_s = float(after) if after.isdecimal() else 1.0
    return error

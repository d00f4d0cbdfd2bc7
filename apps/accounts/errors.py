"""Errors that a user can cause, with a stable code and a sentence that says what to do next.

Services raise them; the API, the pages and the admin turn them into a 4xx or a message. The code
is part of the public contract: it never changes once released.
"""

from __future__ import annotations


class ServiceError(Exception):
    """A request that cannot be carried out as asked. Nothing was changed.

    `code` is the stable machine name, `message` a translated sentence for a person,
    `status` the HTTP status it maps to, `field` the input it is about, where there is one.
    `retry_after_s` says that the same request may be taken later, and when to try.
    """

    code = "invalid_request"
    status = 400
    retry_after_s: int | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = str(message)
        self.code = code or self.code
        self.status = status or self.status
        self.field = field


class NotPermitted(ServiceError):
    """The caller is known but may not do this."""

    code = "not_permitted"
    status = 403


class NotFound(ServiceError):
    """There is no such thing, or the caller may not know of it."""

    code = "not_found"
    status = 404


class Conflict(ServiceError):
    """The request meets a state that does not allow it (any more)."""

    code = "conflict"
    status = 409


class InsufficientFunds(ServiceError):
    """The balance does not cover the amount."""

    code = "insufficient_funds"
    status = 400


class FourEyesRequired(NotPermitted):
    """The person who proposed a step may not also decide it."""

    code = "four_eyes_required"

"""No request is larger than what is asked for: refused by what it claims, or as it comes in.

Django keeps a request's body on disk before it looks at anything, whoever sends it: this stands
before Django. Only the pages that take registries' files take large ones.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

FILE_PATHS: Final = ("/admin/registry/importupload/", "/admin/registry/custodystatement/")
# What surrounds a file in a form.
_FORM_BYTES: Final = 1_000_000


class BodyLimit:
    """An ASGI application whose requests are no larger than the settings say."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit_bytes = limit_of(scope["path"])
        if claimed_bytes(scope) > limit_bytes:
            await refuse(send, limit_bytes)
            return
        read_bytes = 0
        is_over = False

        async def counted() -> Message:
            nonlocal read_bytes, is_over
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > limit_bytes:
                is_over = True
                # Django gives up and drops what it has kept.
                return {"type": "http.disconnect"}
            return message

        async def quiet(message: Message) -> None:
            if not is_over:
                await send(message)

        await self._application(scope, counted, quiet)
        if is_over:
            await refuse(send, limit_bytes)


def limit_of(path: str) -> int:
    """How many bytes a request to this path may have."""
    if path.startswith(FILE_PATHS):
        return int(settings.IMPORT_FILE_BYTES_MAX) + _FORM_BYTES
    return int(settings.BODY_BYTES_MAX)


def claimed_bytes(scope: Scope) -> int:
    """What the request says of its own length; 0 where it does not."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


async def refuse(send: Send, limit_bytes: int) -> None:
    """413, and the connection is not read on."""
    message = _("The request is larger than %(limit)s MB. Send less at once.") % {
        "limit": limit_bytes // 1_000_000
    }
    body = json.dumps({"code": "body_too_large", "message": message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})

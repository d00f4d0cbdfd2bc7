"""The site, and beside it a view as Django alone serves it.

`/bare` goes through the product's own handler, `/django` through the one that Django comes with.
Both have the site's middleware.
"""

from __future__ import annotations

from typing import Any

from django.core.asgi import get_asgi_application

from ccmarket.asgi import application as site

_django = get_asgi_application()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Django's handler for `/django`, the site for all else."""
    is_bare = scope["type"] == "http" and scope["path"] == "/django"
    await (_django if is_bare else site)(scope, receive, send)

"""How signed requests appear in the OpenAPI description."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

HEADERS = ("KEY", "SIGN", "TIMESTAMP", "PASSPHRASE")


class HmacKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """OpenAPI has no word for a signature: each of its four headers is described by itself."""

    target_class = "apps.accounts.api.authentication.HmacKeyAuthentication"
    name = [f"CB-ACCESS-{header}" for header in HEADERS]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return [{"type": "apiKey", "in": "header", "name": name} for name in self.name]

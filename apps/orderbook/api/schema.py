"""How the API's description names the signature of a request."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

HEADERS = ("CB-ACCESS-KEY", "CB-ACCESS-SIGN", "CB-ACCESS-TIMESTAMP", "CB-ACCESS-PASSPHRASE")


class SignatureScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """All four headers together."""

    target_class = "apps.accounts.api.authentication.HmacKeyAuthentication"
    name = [header.title().replace("-", "") for header in HEADERS]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        return {name: [] for name in self.name}

    def get_security_definition(self, auto_schema: Any) -> Any:
        return [{"type": "apiKey", "in": "header", "name": header} for header in HEADERS]

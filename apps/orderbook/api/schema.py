"""How the API's description names the signature of a request, and the token of an app."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
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


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """What a connected app sends."""

    target_class = "apps.accounts.api.bearer.BearerAuthentication"
    name = "ConnectedApp"

    def get_security_definition(self, auto_schema: Any) -> Any:
        scopes = cast(dict[str, Any], settings.OAUTH2_PROVIDER["SCOPES"])
        flow = {
            "authorizationUrl": "/oauth/authorize",
            "tokenUrl": "/oauth/token",
            "refreshUrl": "/oauth/token",
            "scopes": {name: str(text) for name, text in scopes.items()},
        }
        return {"type": "oauth2", "flows": {"authorizationCode": flow}}

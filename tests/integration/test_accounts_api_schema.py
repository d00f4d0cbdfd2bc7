"""The OpenAPI description names what a signed request carries."""

from __future__ import annotations

import pytest
from drf_spectacular.generators import SchemaGenerator

pytestmark = pytest.mark.urls("tests.support.api_probe")


def test_a_signed_request_is_described_by_its_four_headers() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    schemes = schema["components"]["securitySchemes"]
    for header in ("KEY", "SIGN", "TIMESTAMP", "PASSPHRASE"):
        name = f"CB-ACCESS-{header}"
        assert schemes[name] == {"type": "apiKey", "in": "header", "name": name}

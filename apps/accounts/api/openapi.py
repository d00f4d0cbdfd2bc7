"""What the API's description says beyond its views: answers that any request may get, and examples.

Examples are real answers: `docs/api/examples.json`, which a test records and holds against the API.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

PREFIX: Final = "/api/v1/"
EXAMPLES: Final = Path(settings.BASE_DIR) / "docs" / "api" / "examples.json"
ERROR: Final = "#/components/schemas/ErrorOutput"
JSON: Final = "application/json"


def schema_complete(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """A hook of drf-spectacular's, called with the finished description."""
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            operation["tags"] = [path.removeprefix(PREFIX).partition("/")[0]]
            _answers_add(operation)
            example = examples().get(f"{method.upper()} {path}")
            if example is not None:
                _example_add(operation, example)
    return result


@cache
def examples() -> dict[str, dict[str, Any]]:
    """By method and path: `request`, `status` and `response`."""
    if not EXAMPLES.exists():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(EXAMPLES.read_text())
    return found


def _answers_add(operation: dict[str, Any]) -> None:
    statuses = {429}
    if operation.get("security"):
        statuses |= {401, 403}
    if operation.get("parameters"):
        statuses |= {400}
    if "requestBody" in operation:
        statuses |= {400, 413, 415}
    for status in sorted(statuses):
        error = {"content": {JSON: {"schema": {"$ref": ERROR}}}, "description": ""}
        operation["responses"].setdefault(str(status), error)


def _example_add(operation: dict[str, Any], example: dict[str, Any]) -> None:
    if example.get("request") is not None:
        operation["requestBody"]["content"][JSON]["example"] = example["request"]
    answer = operation["responses"][str(example["status"])]
    if example.get("response") is not None:
        answer["content"][JSON]["example"] = example["response"]

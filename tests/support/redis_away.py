"""A Redis that is not there."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from ccmarket.embedded.ports import choose_port


@pytest.fixture
def redis_away(settings: Settings) -> None:
    """Everything that asks Redis in this test finds nobody."""
    settings.REDIS_URL = f"redis://127.0.0.1:{choose_port()}/0"

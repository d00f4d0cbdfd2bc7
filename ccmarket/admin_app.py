"""Django's admin, whose pages are imported with the site's addresses.

An engine, a worker or a command needs none of them (spreadsheets, PDF), and would take a second
of processor time longer to start with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class LateAdminConfig(SimpleAdminConfig):
    """`ccmarket.urls` discovers the pages, and so does whoever checks them."""

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)


def check_pages(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[checks.CheckMessage]:
    """Django's own check of what is registered, once it is."""
    admin.autodiscover()
    return list(check_admin_app(app_configs, **options))

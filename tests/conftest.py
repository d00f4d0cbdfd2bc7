"""Services first, then Django: its settings read where the services are."""

import os
import tempfile
from collections.abc import Iterator
from importlib import import_module

import django
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import translation
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from apps.orderbook.engine import compiled
from tests.support.emptying import empty_quickly
from tests.support.examples import examples
from tests.support.services import (
    allow_many_requests,
    browser_type_launch_args,
    chain_url,
    only_hands_out,
    redis_url,
    start_services,
)

__all__ = ["browser_type_launch_args", "chain_url", "redis_url"]


settings.register_profile("as many as wanted", max_examples=examples(100))
settings.load_profile("as many as wanted")


def pytest_configure(config: pytest.Config) -> None:
    if only_hands_out(config):
        return
    start_services(config)
    allow_many_requests()
    os.environ["DATABASE_ALLOW_TRUNCATE"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
    # Tests of the second factor ask for it.
    os.environ.setdefault("WITHDRAWAL_SECOND_FACTOR", "0")
    django.setup()
    # As where the site is served: the admin's pages and the API's description come with them.
    import_module(django_settings.ROOT_URLCONF)
    empty_quickly()
    # What tests upload ends with them.
    media = tempfile.TemporaryDirectory()
    config.add_cleanup(media.cleanup)
    django_settings.MEDIA_ROOT = media.name


def pytest_report_header() -> str:
    return f"engine: {'compiled' if compiled.is_running() else 'Python'}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: the loop that Playwright leaves running forbids any other."""
    items.sort(key=lambda item: "/browser/" in item.nodeid)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """A test that commits leaves an empty database, so all begin with one: what migrations bring in
    is not there for those that happen to come first."""
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(autouse=True)
def language_is_given_back() -> Iterator[None]:
    """A page that was asked for in another language leaves it to the test's thread."""
    yield
    translation.deactivate()

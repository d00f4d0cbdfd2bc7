"""What tests run against: private PostgreSQL, Valkey and chains, and an installed browser.

Each process of `make test` has services of its own, and so has plain `pytest` where it finds none.
"""

import os
import shutil
from collections.abc import Iterator

import pytest

from ccmarket.embedded.chain import start_anvil
from ccmarket.embedded.layout import Layout
from ccmarket.embedded.throwaway import THROWAWAY_MARK, ThrowawaySet

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = (
    "No Chromium here. Install one (Debian, Ubuntu: apt-get install chromium; "
    "anywhere: .venv/bin/python -m playwright install chromium) to run the browser tests."
)


def only_hands_out(config: pytest.Config) -> bool:
    """Whether this process leaves the tests to others (`pytest -n`)."""
    return bool(config.getoption("numprocesses", None)) and not _is_one_of_several(config)


def _is_one_of_several(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def start_services(config: pytest.Config) -> None:
    """Point the environment to services nobody else uses; each of several processes has its own."""
    if os.environ.get(THROWAWAY_MARK) and not _is_one_of_several(config):
        return
    services = ThrowawaySet(Layout.default())
    services.__enter__()
    config.add_cleanup(lambda: services.__exit__(None, None, None))
    os.environ.update(services.env)


def allow_many_requests() -> None:
    """All tests come from one address; those of the limits set their own."""
    for name in ("KEY", "ADDRESS"):
        os.environ.setdefault(f"API_LIMIT_{name}_PER_S", "10000")
        os.environ.setdefault(f"API_LIMIT_{name}_BURST", "100000")


def installed_browser() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Where this worker's Redis is."""
    return os.environ["REDIS_URL"]


@pytest.fixture(scope="session")
def chain_url() -> Iterator[str]:
    """A chain of this worker's own, started for the first test that asks."""
    chain = start_anvil(Layout.default())
    yield chain.url
    chain.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, object], request: pytest.FixtureRequest
) -> dict[str, object]:
    """Use the installed Chromium, else Playwright's own; in CI a missing one is a failure."""
    launch = dict(browser_type_launch_args)
    if executable := installed_browser():
        launch["executable_path"] = executable
        if os.geteuid() == 0:
            launch["args"] = ["--no-sandbox"]  # Chromium's sandbox refuses to run as root.
    elif not os.path.exists(request.getfixturevalue("playwright").chromium.executable_path):
        if os.environ.get("CI"):
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    return launch

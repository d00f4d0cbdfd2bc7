"""A registry's file goes in through the admin, in a real browser and with a real worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.registry.models import ImportUpload, SerialBlock
from tests.support.site import sign_in, site_running, watch_errors
from tests.support.uploads import imports_held, staff_of_imports
from tests.support.verra import row, write_export
from tests.support.workers import worker_running

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORKER_STARTS_MS_MAX = 120_000


@pytest.fixture
def site(transactional_db: None, page: Page, settings: Any, tmp_path: Path) -> Iterator[str]:
    settings.MEDIA_ROOT = tmp_path / "media"
    with site_running() as address, watch_errors(page):
        settings.BASE_URL = address
        yield address


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two good rows, and one that names nobody's project."""
    return write_export(tmp_path / "vcus.csv", row(1, 10), row(11, 20, ID="nobody"), row(21, 30))


def test_a_file_is_uploaded_looked_at_confirmed_and_imported(
    site: str, page: Page, export: Path
) -> None:
    page.set_default_timeout(WORKER_STARTS_MS_MAX)
    sign_in(page, site, staff_of_imports())
    with worker_running():
        page.goto(f"{site}/admin/registry/importupload/add/")
        page.locator("input[type=file]").set_input_files(export)
        page.get_by_role("button", name="Upload and preview").click()

        state = page.locator("#upload-state")
        expect(state).to_contain_text("Waiting for confirmation", timeout=WORKER_STARTS_MS_MAX)
        expect(state).to_contain_text("Verra · transactions")
        expect(page.locator("#refused tbody tr")).to_have_count(1)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download as CSV").click()
        assert download.value.suggested_filename.startswith("refused-")
        assert not SerialBlock.objects.exists()

        with imports_held():
            page.get_by_role("button", name="Import this file").click()
            progress = page.locator("#upload-progress")
            expect(progress).to_contain_text("Read to its end", timeout=WORKER_STARTS_MS_MAX)
            expect(progress.locator("progress")).to_have_attribute("value", "100")
        expect(state).to_contain_text("Imported", timeout=WORKER_STARTS_MS_MAX)
    assert ImportUpload.objects.get().state == ImportUpload.State.IMPORTED
    assert SerialBlock.objects.count() == 2


def test_without_scripts_the_page_follows_by_itself(site: str, browser: Any, export: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site, staff_of_imports())
    with worker_running():
        page.goto(f"{site}/admin/registry/importupload/add/")
        page.locator("input[type=file]").set_input_files(export)
        page.get_by_role("button", name="Upload and preview").click()
        state = page.locator("#upload-state")
        expect(state).to_contain_text("Waiting for confirmation", timeout=WORKER_STARTS_MS_MAX)
    context.close()

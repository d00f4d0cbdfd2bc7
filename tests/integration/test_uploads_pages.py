"""The pages on which staff bring a registry's file in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.registry.models import ImportRun, ImportUpload, SerialBlock
from tests.support.factories import client_of, staff_make, user_make
from tests.support.pages import downloaded, soup_of
from tests.support.uploads import export_bytes, previewed, staff_of_imports, uploaded, worked
from tests.support.verra import row

pytestmark = pytest.mark.django_db(transaction=True)

State = ImportUpload.State
FORMULA = '=HYPERLINK("http://example.org")'


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


FORMULA = '=HYPERLINK("http://example.org")'


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """Two good rows and one that names a formula where a project should be."""
    return export_bytes(tmp_path, row(1, 10), row(11, 20, ID=FORMULA), row(21, 30))


@pytest.fixture
def staff() -> User:
    return staff_of_imports()


def page_url(name: str, *args: object) -> str:
    return reverse(f"admin:registry_importupload_{name}", args=args)


def send(client: Client, content: bytes, **fields: str) -> Any:
    form = {"file": SimpleUploadedFile("vcus.csv", content), "registry": ""} | fields
    return client.post(page_url("add"), form)


def words(answer: Any) -> str:
    return " ".join(soup_of(answer).select_one("#content").get_text(" ").split())  # type: ignore[union-attr]


def test_from_upload_to_import(staff: User, content: bytes) -> None:
    client = client_of(staff)
    assert client.get(page_url("add")).status_code == 200
    answer = send(client, content)
    upload = ImportUpload.objects.get()
    assert answer.headers["Location"] == page_url("change", upload.pk)
    waiting = client.get(page_url("change", upload.pk))
    assert "Waiting to be read" in words(waiting)
    assert soup_of(waiting).select_one("noscript meta[http-equiv=refresh]")

    worked(upload)
    shown = words(client.get(page_url("change", upload.pk)))
    for expected in ("Verra · transactions", "rows 3", "to be accepted 2", "refused 1", "20"):
        assert expected in shown
    assert f"3 {upload.refusals.get().code}" in shown
    assert not SerialBlock.objects.exists()

    client.post(page_url("confirm", upload.pk))
    client.post(page_url("confirm", upload.pk))
    worked(upload)
    assert "Imported" in words(client.get(page_url("change", upload.pk)))
    assert SerialBlock.objects.count() == 2
    assert ImportRun.objects.get().upload == upload


def test_the_preview_shows_what_a_newer_file_changes(staff: User, tmp_path: Path) -> None:
    first = previewed(export_bytes(tmp_path, row(1, 10), row(11, 20)))
    client = client_of(staff)
    client.post(page_url("confirm", first.pk))
    worked(first)
    ended = {"Retirement/Cancellation Date": "2026-04-13"}
    newer = previewed(export_bytes(tmp_path, row(1, 10, **ended), row(11, 20, **ended)))
    [change] = [change for change in newer.changes if change["field"] == "state"]
    assert (change["count"], change["before"], change["after"]) == (2, "issued", "retired")
    changes = soup_of(client.get(page_url("change", newer.pk))).select_one("#changes")
    assert changes is not None
    assert "Serial block state 2" in " ".join(changes.get_text(" ").split())


def test_the_bar_moves_and_at_the_end_the_page_is_asked_for(staff: User, content: bytes) -> None:
    upload, client = uploaded(content), client_of(staff)
    ImportUpload.objects.filter(pk=upload.pk).update(
        state=State.PREVIEWING, rows_read=7, bytes_read=98, size_bytes=200
    )
    bar = client.get(page_url("progress", upload.pk))
    assert soup_of(bar).progress["value"] == "49"  # type: ignore[index]
    assert soup_of(bar).section["hx-trigger"] == "every 1s"  # type: ignore[index]
    ImportUpload.objects.filter(pk=upload.pk).update(state=State.UPLOADED)
    worked(upload)
    done = client.get(page_url("progress", upload.pk))
    assert done.headers["HX-Redirect"] == page_url("change", upload.pk)


def test_the_refused_lines_are_downloaded_without_a_formula(staff: User, content: bytes) -> None:
    upload = previewed(content)
    answer = client_of(staff).get(page_url("refused", upload.pk))
    lines = downloaded(answer).splitlines()
    assert lines[0] == "line,code,reason,text"
    assert lines[1].startswith("3,")
    cells = answer.headers["Content-Disposition"]
    assert cells == f'attachment; filename="refused-{upload.pk}.csv"'


def test_refused_lines_come_in_pages(staff: User, tmp_path: Path) -> None:
    rows = [row(number, number, ID="nobody") for number in range(1, 121)]
    upload, client = previewed(export_bytes(tmp_path, *rows)), client_of(staff)
    page = client.get(page_url("change", upload.pk))
    assert [refusal.line for refusal in page.context["refusals"]] == [*range(2, 52)]
    page = client.get(page_url("change", upload.pk), {"after": page.context["refusals_next"]})
    assert [refusal.line for refusal in page.context["refusals"]] == [*range(52, 102)]
    page = client.get(page_url("change", upload.pk), {"after": page.context["refusals_next"]})
    assert [refusal.line for refusal in page.context["refusals"]] == [*range(102, 122)]
    assert page.context["refusals_next"] is None


def test_the_same_file_again_says_so(staff: User, content: bytes) -> None:
    client = client_of(staff)
    send(client, content)
    upload = ImportUpload.objects.get()
    answer = send(client, content)
    assert answer.headers["Location"] == page_url("change", upload.pk)
    assert (
        "This very file is here already" in client.get(answer.headers["Location"]).content.decode()
    )
    worked(upload)
    client.post(page_url("confirm", upload.pk))
    worked(upload)
    send(client, content)
    again = worked(ImportUpload.objects.latest("pk"))
    shown = words(client.get(page_url("change", again.pk)))
    assert "This very file was imported before" in shown
    assert "Nothing in this file is new" in shown


def test_a_wrong_file_is_refused_with_a_sentence(staff: User, settings: Any) -> None:
    client = client_of(staff)
    assert "empty" in words(send(client, b""))
    settings.IMPORT_FILE_BYTES_MAX = 1_000_000
    assert "larger than 1 MB" in words(send(client, b"x" * 1_000_001))
    assert not ImportUpload.objects.exists()
    send(client, b"PK\x03\x04" + b"\0" * 100)
    upload = worked(ImportUpload.objects.get())
    shown = words(client.get(page_url("change", upload.pk)))
    assert upload.failure_code in shown
    assert upload.failure in shown


def test_a_file_of_another_registry_than_chosen_is_refused(staff: User, content: bytes) -> None:
    send(client_of(staff), content, registry="acr")
    upload = worked(ImportUpload.objects.get())
    assert upload.failure_code == "file_registry"


def test_cancelling_leaves_the_file_out(staff: User, content: bytes) -> None:
    upload, client = previewed(content), client_of(staff)
    client.post(page_url("cancel", upload.pk))
    assert "Nothing of the file was imported" in words(client.get(page_url("change", upload.pk)))
    client.post(page_url("confirm", upload.pk))
    assert worked(upload).state == State.CANCELLED


def test_a_page_that_is_only_looked_at_changes_nothing(staff: User, content: bytes) -> None:
    upload = previewed(content)
    client_of(staff).get(page_url("confirm", upload.pk))
    client_of(staff).get(page_url("cancel", upload.pk))
    upload.refresh_from_db()
    assert upload.state == State.PREVIEWED


def test_nobody_else_sees_or_does_anything(content: bytes) -> None:
    upload = previewed(content)
    pages = [page_url(name, upload.pk) for name in ("change", "progress", "refused", "confirm")]
    for page in (page_url("add"), page_url("changelist"), *pages):
        assert client_of(staff_make()).get(page).status_code == 403, page
        assert client_of(user_make()).get(page).status_code == 302, page
    for step in ("confirm", "cancel"):
        assert client_of(staff_make()).post(page_url(step, upload.pk)).status_code == 403
    upload.refresh_from_db()
    assert upload.state == State.PREVIEWED


def test_who_uploads_sees_the_preview_but_is_not_offered_to_confirm(content: bytes) -> None:
    uploader = staff_make(("add", ImportUpload))  # type: ignore[arg-type]
    upload = previewed(content, by=uploader)
    client = client_of(uploader)
    page = soup_of(client.get(page_url("change", upload.pk)))
    actions = {form["action"] for form in page.select(".cc-actions form")}
    assert actions == {page_url("cancel", upload.pk)}
    client.post(page_url("confirm", upload.pk))
    upload.refresh_from_db()
    assert upload.state == State.PREVIEWED

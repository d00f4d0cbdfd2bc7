"""Staff keep the filters of a list under a name, for themselves or for all."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.errors import ServiceError
from apps.accounts.models import HistoryEntry, SavedFilter, User
from apps.accounts.services.saved_filters import (
    PER_LIST_MAX,
    query_kept,
    saved_filter_delete,
    saved_filter_rename,
    saved_filter_save,
    saved_filters_of,
)
from apps.registry.models import ImportRun, ImportUpload, SerialBlock
from tests.support.factories import client_of, staff_make, user_make
from tests.support.pages import soup_of

pytestmark = pytest.mark.django_db

LIST = "registry.serialblock"
URL = reverse("admin:registry_serialblock_changelist")


@pytest.fixture
def staff() -> User:
    return staff_make(("view", SerialBlock), ("view", ImportRun))


def save(
    user: User, name: str = "Ours", query: str = "state__exact=immobilised", **more: Any
) -> Any:
    values = {"user": user, "model": LIST, "name": name, "query": query, "is_shared": False}
    return saved_filter_save(**values | more)


def post(client: Client, saved: SavedFilter | None = None, **form: str) -> Any:
    url = reverse("admin:registry_serialblock_filter_save")
    return client.post(url if saved is None else f"{url}{saved.pk}/", form)


def chips(client: Client, query: str = "") -> dict[str, str]:
    links = soup_of(client.get(URL + query)).select(".cc-chip a")
    return {link.get_text(): str(link["href"]) for link in links}


def test_every_admin_of_ours_has_them() -> None:
    for model, model_admin in admin.site._registry.items():
        if model.__module__.startswith("apps."):
            assert isinstance(model_admin, StaffAdmin), model


def test_what_a_list_is_filtered_by_is_saved_and_shown_above_it(staff: User) -> None:
    client = client_of(staff)
    page = soup_of(client.get(f"{URL}?q=VCS-1&state__exact=immobilised&p=3"))
    [kept] = page.select('#saved-filters input[name="query"]')
    answer = post(client, name=" Our  blocks ", query=str(kept["value"]))
    assert answer.headers["Location"] == f"{URL}?q=VCS-1&state__exact=immobilised"
    assert chips(client) == {"Our blocks": "?q=VCS-1&state__exact=immobilised"}
    current = soup_of(client.get(f"{URL}?state__exact=immobilised&q=VCS-1"))
    assert current.select_one(".cc-chip a[aria-current]")


def test_a_list_with_steps_of_its_own_keeps_its_filters_too() -> None:
    client = client_of(staff_make(("view", ImportUpload)))
    url = reverse("admin:registry_importupload_changelist")
    form = {"name": "Waiting", "query": "state__exact=uploaded"}
    answer = client.post(reverse("admin:registry_importupload_filter_save"), form)
    assert answer.headers["Location"] == f"{url}?state__exact=uploaded"
    saved = SavedFilter.objects.get(model="registry.importupload")
    assert client.get(url).context["saved_filters"].get() == saved
    client.post(
        reverse("admin:registry_importupload_filter_change", args=[saved.pk]), {"delete": "1"}
    )
    assert not SavedFilter.objects.exists()


def test_nothing_can_be_saved_of_a_list_that_is_not_filtered(staff: User) -> None:
    page = soup_of(client_of(staff).get(URL))
    assert not page.select('#saved-filters input[name="name"]')
    with pytest.raises(ServiceError, match="first"):
        save(staff, query="?p=2&e=1")


def test_a_name_is_used_once_and_saving_it_again_replaces_it(staff: User) -> None:
    first = save(staff)
    assert save(staff, query="q=1") == first
    other = save(staff, name="Other")
    with pytest.raises(ServiceError) as caught:
        saved_filter_rename(user=staff, filter_id=other.pk, name="Ours", is_shared=False)
    assert caught.value.code == "filter_exists"
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedFilter.objects.filter(pk=other.pk).update(name="Ours")


def test_others_see_what_is_shared_and_only_that(staff: User) -> None:
    save(staff, name="Mine")
    save(staff, name="For all", is_shared=True)
    colleague = client_of(staff_make(("view", SerialBlock)))
    assert list(chips(colleague)) == ["For all"]
    assert not saved_filters_of(user=staff, model="registry.importrun").exists()


def test_only_who_saved_it_renames_or_deletes_it(staff: User) -> None:
    saved = save(staff, is_shared=True)
    post(client_of(staff_make(("view", SerialBlock))), saved, delete="1")
    post(client_of(staff_make(("view", SerialBlock))), saved, name="Taken")
    saved.refresh_from_db()
    assert saved.name == "Ours"
    post(client_of(staff), saved, name="Renamed")
    saved.refresh_from_db()
    assert (saved.name, saved.is_shared) == ("Renamed", False)
    post(client_of(staff), saved, delete="1")
    assert not SavedFilter.objects.exists()
    with pytest.raises(ServiceError):
        saved_filter_delete(user=staff, filter_id=saved.pk)


def test_who_may_not_see_the_list_saves_nothing_of_it() -> None:
    assert post(client_of(staff_make()), name="x", query="q=1").status_code == 403
    assert post(client_of(user_make()), name="x", query="q=1").status_code == 302
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x07b"])
def test_a_name_that_nobody_can_read_is_refused(staff: User, name: str) -> None:
    with pytest.raises(ServiceError) as caught:
        save(staff, name=name)
    assert caught.value.code == "filter_name"
    page = post(client_of(staff), name=name, query="q=1")
    assert page.status_code == 302
    assert not SavedFilter.objects.exists()


def test_a_list_has_so_many_and_no_more(staff: User) -> None:
    for number in range(PER_LIST_MAX):
        save(staff, name=f"Filter {number}")
    with pytest.raises(ServiceError, match="Delete one first"):
        save(staff, name="One more")
    assert save(staff, name="Filter 1", query="q=2").query == "q=2"


def test_what_is_saved_leads_nowhere_but_to_the_list(staff: User) -> None:
    client = client_of(staff)
    answer = post(client, name="x", query="//example.org/?q=<script>")
    assert answer.headers["Location"].startswith(URL)
    assert "<script>" not in "".join(chips(client).values())
    assert query_kept("q=%0d%0aX: 1") == "q=%0D%0AX%3A+1"


def test_who_changed_it_is_in_the_history(staff: User) -> None:
    post(client_of(staff), name="Ours", query="q=1")
    entry = HistoryEntry.objects.get(table_name="accounts_savedfilter")
    assert entry.actor == staff

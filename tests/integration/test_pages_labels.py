"""What pages show of a credit: its labels, its ratings, its type, and the filters by them."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import HistoryEntry
from apps.registry.models import (
    Label,
    LabelGrant,
    LabelSpelling,
    Methodology,
    Project,
    ProjectType,
    Rating,
)
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.factories import client_of, user_make
from tests.support.labels import SOURCE, agency_make, blocks_of, class_of, grant, rate
from tests.support.markets import product_make
from tests.support.pages import text_of
from tests.support.registry import labels_work_out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _taxonomy() -> None:
    taxonomy_load()
    labels_work_out()


def test_a_project_shows_labels_ratings_and_where_they_come_from(client: Client) -> None:
    credit_class = class_of(("ICVCM CCP", "Social Carbon"), ("ICVCM CCP",), project="1")
    Project.objects.update(kind="Biochar", durability_years=200)
    agency_make("alpha", "AAA", "A")
    rate(credit_class.project, "alpha", "A", date(2026, 1, 1))
    letter = grant("article6-ndc", project=credit_class.project)
    LabelGrant.objects.filter(pk=letter.pk).update(document_url="https://gov.example.com/letter")
    page = client.get("/projects/VCS-1")
    text = text_of(page)
    for shown in ("Core Carbon Principles", "Social Carbon (partly)", "Alpha A", "200 years"):
        assert shown in text
    assert "Article 6 authorised for another country's target" in text
    assert f'href="{SOURCE}"' in page.content.decode()
    assert 'href="https://gov.example.com/letter"' in page.content.decode()


def test_a_market_shows_what_its_credits_are(client: Client) -> None:
    credit_class = class_of(("ICVCM CCP",), project="1")
    Project.objects.update(kind="Wind")
    product = product_make(credit_class.code)
    card = text_of(client.get(f"/markets/{product.code}"), '[aria-labelledby="picture-title"]')
    for shown in ("Wind power", "Reduction", "Core Carbon Principles"):
        assert shown in card
    other = product_make("CC", "USDC")
    assert "What these credits are" not in text_of(client.get(f"/markets/{other.code}"))


def test_a_serial_shows_the_labels_of_its_block(client: Client) -> None:
    [block] = blocks_of(class_of(("CCB-Climate Gold", "Mystery"), project="1"))
    text = text_of(client.get(reverse("serial", args=[block.serial])))
    assert "CCB Gold for climate" in text
    assert "CCB-Climate Gold, Mystery" in text, "the registry's own words stay"


@pytest.mark.parametrize(
    "query", ["label=ccp", "effect=removal", "type=biochar", "registry=VCS&type=biochar"]
)
def test_markets_are_found_by_what_their_credits_are(client: Client, query: str) -> None:
    one = product_make(class_of(("ICVCM CCP", "Removal"), project="1").code)
    other = product_make(class_of((), project="2").code)
    Project.objects.filter(code="VCS-1").update(kind="Biochar")
    Project.objects.filter(code="VCS-2").update(kind="Wind")
    text = text_of(client.get(f"/markets?{query}"), "#results")
    assert one.code in text
    assert other.code not in text


def test_a_condition_that_nobody_knows_is_none(client: Client) -> None:
    one = product_make(class_of((), project="1").code)
    for query in ("label=nonesuch", "effect=magic"):
        assert one.code in text_of(client.get(f"/markets?{query}"), "#results")


def test_more_markets_take_no_more_queries(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as taken:
            client.get("/markets?effect=reduction&label=ccp")
        return len(taken)

    product_make(class_of(("ICVCM CCP",), project="1").code)
    few = queries()
    for project in ("2", "3"):
        product_make(class_of(("ICVCM CCP", "SDG 13"), project=project).code)
    assert queries() == few


def test_more_vintages_take_no_more_queries(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            assert client.get("/projects/VCS-1").status_code == 200
        return len(taken)

    class_of(("ICVCM CCP",), project="1", year=2020)
    few = queries()
    for year in (2021, 2022):
        class_of(("ICVCM CCP", "SDG 13"), project="1", year=year)
    assert queries() == few


def test_staff_map_a_label_from_the_list_of_those_unknown() -> None:
    class_of(("Blue Heart",))
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    page = boss.get(reverse("admin:registry_unmappedlabel_changelist"))
    add = reverse("admin:registry_labelspelling_add")
    assert f"{add}?text=Blue+Heart" in page.content.decode()
    label = Label.objects.get(code="social-carbon")
    assert boss.post(add, {"text": "Blue Heart", "label": label.pk}).status_code == 302
    assert LabelSpelling.objects.filter(folded="blue heart", label=label).exists()
    boss.get(reverse("admin:index"))  # It says once that the spelling was added.
    again = boss.get(reverse("admin:registry_unmappedlabel_changelist"))
    assert "Blue Heart" not in again.content.decode()


def test_staff_give_a_label_with_its_source_and_a_rating() -> None:
    credit_class = class_of((), project="1")
    agency_make("alpha", "AAA", "A")
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    form = {
        "label": Label.objects.get(code="adjustment-applied").pk,
        "project": credit_class.project_id,
        "on": "2026-01-01",
        "source_url": SOURCE,
    }
    add = reverse("admin:registry_labelgrant_add")
    assert "This field is required" in boss.post(add, form | {"source_url": ""}).content.decode()
    both = boss.post(add, form | {"block": blocks_of(credit_class)[0].pk})
    assert "just one" in both.content.decode()
    assert not LabelGrant.objects.exists()
    assert boss.post(add, form).status_code == 302
    assert LabelGrant.objects.get().project == credit_class.project
    grade = agency_make("beta", "1").grades.get()
    rating = {"project": credit_class.project_id, "grade": grade.pk, "on": "2026-01-01"}
    add = reverse("admin:registry_rating_add")
    assert boss.post(add, rating | {"url": SOURCE}).status_code == 302
    assert Rating.objects.get().grade == grade


@pytest.mark.parametrize(
    ("name", "form", "says"),
    [
        ("labelspelling", {"text": "icvcm  CCP"}, "is there already"),
        ("labelspelling", {"text": "–"}, "at least one letter"),
        ("typespelling", {"text": "WIND."}, "is there already"),
        ("methodologyspelling", {"text": "vm0007"}, "is there already"),
        ("labelgrant", {"on": "2026-01-02", "until": "2026-01-01"}, "cannot end before it starts"),
        ("labelgrant", {"project": "", "on": "2026-01-01"}, "just one"),
        ("labelgrant", {"source_url": "the letter"}, "Enter a valid URL"),
        ("labelgrant", {"on": "soon"}, "Enter a valid date"),
        ("rating", {"url": ""}, "This field is required"),
    ],
)
def test_what_staff_get_wrong_is_said_in_a_sentence(
    name: str, form: dict[str, str], says: str
) -> None:
    credit_class = class_of((), project="1")
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    known = {
        "label": str(Label.objects.get(code="ccp").pk),
        "type": str(ProjectType.objects.get(code="wind").pk),
        "methodology": str(Methodology.objects.get(code="VM0007").pk),
        "project": str(credit_class.project_id),
        "source_url": SOURCE,
    }
    page = boss.post(reverse(f"admin:registry_{name}_add"), known | form)
    assert page.status_code == 200
    assert says in page.content.decode()


def test_a_label_cannot_mean_itself_by_the_form_of_staff() -> None:
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    ccb, gold = Label.objects.get(code="ccb"), Label.objects.get(code="ccb-biodiversity-gold")
    form = {"code": ccb.code, "name": ccb.name, "kind": ccb.kind, "position": "0"}
    change = reverse("admin:registry_label_change", args=[ccb.pk])
    page = boss.post(change, form | {"broader": str(gold.pk)})
    assert "does not itself mean this one" in page.content.decode()
    assert boss.post(change, form).status_code == 302


def test_the_history_of_a_label_shows_what_it_was_before_and_nobody_can_change_it() -> None:
    credit_class = class_of((), project="1")
    given = grant("ccp", project=credit_class.project)
    person = user_make(is_staff=True, is_superuser=True)
    boss = client_of(person)
    form = {
        "label": given.label_id,
        "project": credit_class.project_id,
        "on": str(given.on),
        "source_url": "https://registry.example.com/corrected",
    }
    change = reverse("admin:registry_labelgrant_change", args=[given.pk])
    assert boss.post(change, form).status_code == 302
    history = boss.get(reverse("admin:registry_labelgrant_history", args=[given.pk]))
    for shown in (person.email, SOURCE, "https://registry.example.com/corrected"):
        assert shown in history.content.decode()
    entry = HistoryEntry.objects.filter(table_name="registry_labelgrant").latest("pk")
    assert entry.before == {"source_url": SOURCE}
    delete = reverse("admin:accounts_historyentry_delete", args=[entry.pk])
    assert boss.post(delete, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        *("label", "labelspelling", "labelgrant", "unmappedlabel"),
        *("ratingagency", "ratinggrade", "rating"),
        *("typecategory", "projecttype", "typespelling", "unmappedterm"),
        *("methodology", "methodologyspelling"),
    ],
)
def test_every_list_of_the_taxonomy_opens(name: str) -> None:
    credit_class = class_of(("Blue Heart",), project="1")
    agency_make("alpha", "AAA")
    rate(credit_class.project, "alpha", "AAA", date(2026, 1, 1))
    grant("ccp", project=credit_class.project)
    boss = client_of(user_make(is_staff=True, is_superuser=True))
    page = boss.get(reverse(f"admin:registry_{name}_changelist"), {"q": "a"})
    assert page.status_code == 200

"""Which classes meet conditions, what a picture says of each, and at how many queries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from django.test import Client

from apps.accounts.errors import ServiceError
from apps.registry.matching import CreditConstraints, credit_classes_matching
from apps.registry.models import CreditClass, Project, ProjectType, RegistryEntry
from apps.registry.picture import pictured, pictures_of
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.labels import agency_make, class_of, rate
from tests.support.registry import labels_work_out

pytestmark = pytest.mark.django_db

API = "/api/v1"


@pytest.fixture(autouse=True)
def _taxonomy() -> None:
    taxonomy_load()
    labels_work_out()


@pytest.fixture
def classes() -> dict[str, CreditClass]:
    """Four classes of three projects: wind, forest and biochar."""
    found = {
        "wind": class_of(("ICVCM CCP",), project="1", year=2020),
        "wind later": class_of((), project="1", year=2022),
        "forest": class_of(("CCB-Climate Gold", "SDG 15"), (), project="2", year=2021),
        "biochar": class_of(("Carbon Dioxide Removals", "ICVCM CCP"), project="3", year=2021),
    }
    for number, kind in (("1", "Wind"), ("2", "REDD"), ("3", "Biochar")):
        Project.objects.filter(registry_project_id=number).update(kind=kind)
    Project.objects.filter(registry_project_id="2").update(
        country="BR", methodologies=["VM0007", "VM0048"]
    )
    return found


def names(classes: dict[str, CreditClass], **conditions: Any) -> set[str]:
    found = set(credit_classes_matching(CreditConstraints(**conditions)))
    return {name for name, item in classes.items() if item in found}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, {"wind", "wind later", "forest", "biochar"}),
        ({"registries": ("ACR",)}, set()),
        ({"registries": ("ACR", "VCS"), "year_from": 2022}, {"wind later"}),
        ({"year_from": 2020, "year_to": 2021}, {"wind", "forest", "biochar"}),
        ({"types": ("wind", "biochar")}, {"wind", "wind later", "biochar"}),
        ({"categories": ("forest",)}, {"forest"}),
        ({"methodologies": ("VM0007", "VM0048")}, {"forest"}),
        ({"countries": ("BR",)}, {"forest"}),
        ({"projects": ("VCS-1",)}, {"wind", "wind later"}),
        ({"labels": ("ccp",)}, {"wind", "biochar"}),
        ({"labels": ("ccp", "removal")}, {"biochar"}),
        ({"labels": ("ccb",)}, set()),
        ({"effect": "removal"}, {"biochar"}),
        ({"effect": "reduction"}, {"wind", "wind later", "forest"}),
        ({"effect": "mixed"}, set()),
    ],
)
def test_classes_are_found_by_what_they_are(
    classes: dict[str, CreditClass], conditions: dict[str, Any], expected: set[str]
) -> None:
    assert names(classes, **conditions) == expected


def test_the_effect_of_labels_comes_before_the_types() -> None:
    both = class_of(("Removal",), ("Reduction",), project="4")
    partly = class_of(("Removal",), (), project="5")
    Project.objects.update(kind="Biochar")
    for item in (both, partly):
        assert pictures_of([item])[item.pk].effect == "mixed"
    assert set(credit_classes_matching(CreditConstraints(effect="mixed"))) == {both, partly}
    assert not credit_classes_matching(CreditConstraints(effect="removal"))


def test_a_rating_at_least_goes_by_the_agencys_own_scale(
    classes: dict[str, CreditClass],
) -> None:
    agency_make("alpha", "AAA", "A", "B")
    agency_make("beta", "1", "2")
    wind, forest = classes["wind"].project, classes["forest"].project
    rate(wind, "alpha", "B", date(2025, 1, 1))
    rate(wind, "alpha", "A", date(2026, 1, 1))
    rate(wind, "alpha", "AAA", date(2024, 1, 1), year=2022)
    rate(forest, "alpha", "B", date(2026, 1, 1))
    rate(forest, "beta", "1", date(2026, 1, 1))

    def at_least(*asked: tuple[str, str]) -> set[str]:
        return names(classes, ratings_at_least=asked)

    assert at_least(("alpha", "AAA")) == {"wind later"}
    assert at_least(("alpha", "A")) == {"wind", "wind later"}
    assert at_least(("alpha", "B")) == {"wind", "wind later", "forest"}
    assert at_least(("beta", "2")) == {"forest"}
    assert at_least(("alpha", "B"), ("beta", "1")) == {"forest"}
    [rating] = pictures_of([classes["wind"]])[classes["wind"].pk].ratings
    assert (rating.grade.grade, rating.on) == ("A", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        ({"labels": ("nonesuch",)}, "unknown_label"),
        ({"ratings_at_least": (("nobody", "A"),)}, "unknown_rating"),
        ({"effect": "magic"}, "unknown_effect"),
    ],
)
def test_a_misspelt_condition_is_refused(conditions: dict[str, Any], code: str) -> None:
    with pytest.raises(ServiceError) as refused:
        credit_classes_matching(CreditConstraints(**conditions))
    assert refused.value.code == code


def test_durability_and_buffer_are_shown_where_somebody_said() -> None:
    credit_class = class_of((), project="1")
    Project.objects.update(kind="Biochar")
    assert pictures_of([credit_class])[credit_class.pk].durability_years is None
    assert pictures_of([credit_class])[credit_class.pk].buffer is None
    ProjectType.objects.filter(code="biochar").update(durability_years=200)
    RegistryEntry.objects.create(
        registry=credit_class.project.registry,
        project=credit_class.project,
        kind=RegistryEntry.Kind.ISSUANCE,
        reference="1",
        year=credit_class.year,
        quantity_grams=80_000_000,
        buffer_grams=10_000_000,
    )
    [again] = pictured(CreditClass.objects.all())
    picture = pictures_of([again])[again.pk]
    assert picture.durability_years == 200
    assert picture.buffer is not None
    assert picture.buffer.bps == 1_250


def test_credits_are_filtered_over_the_api(client: Client, classes: dict[str, CreditClass]) -> None:
    agency_make("alpha", "AAA", "A")
    rate(classes["biochar"].project, "alpha", "AAA", date(2026, 1, 1))

    def codes(**asked: str) -> list[str]:
        answer = client.get(f"{API}/credits", asked)
        assert answer.status_code == 200, answer.content
        return [credit["code"] for credit in answer.json()]

    assert codes(label="ccp", year_from="2021") == ["VCS-3-2021"]
    assert codes(country="br,ar", type="redd,biochar") == ["VCS-2-2021", "VCS-3-2021"]
    assert codes(effect="removal", rating="alpha:A") == ["VCS-3-2021"]
    [credit] = client.get(f"{API}/credits", {"project": "VCS-2"}).json()
    assert (credit["registry"], credit["country"], credit["type"]) == ("VCS", "BR", "redd")
    assert credit["effect"] == "reduction"
    assert {label["code"]: label["whole"] for label in credit["labels"]} == {
        "ccb-climate-gold": False,
        "sdg-15": False,
    }
    [rating] = client.get(f"{API}/credits/VCS-3-2021").json()["ratings"]
    assert (rating["agency"], rating["grade"]) == ("alpha", "AAA")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"label": "nonesuch"}, "unknown_label"),
        ({"rating": "alpha"}, "unknown_rating"),
        ({"effect": "magic"}, None),
        ({"year_from": "soon"}, None),
        ({"type": "a," * 60 + "a"}, None),
    ],
)
def test_a_misspelt_filter_is_a_400(
    client: Client, asked: dict[str, str], code: str | None
) -> None:
    answer = client.get(f"{API}/credits", asked)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert code is None or answer.json()["code"] == code


def test_the_words_of_conditions_are_listed(client: Client) -> None:
    agency_make("alpha", "AAA", "A")
    types = {row["code"]: row for row in client.get(f"{API}/types").json()}
    assert types["biochar"]["effect"] == "removal"
    labels = {row["code"]: row for row in client.get(f"{API}/labels").json()}
    assert labels["ccb-climate-gold"]["broader"] == "ccb-gold"
    assert client.get(f"{API}/ratings").json() == [
        {"code": "alpha", "name": "Alpha", "grades": ["AAA", "A"]}
    ]


def test_projects_are_filtered_by_type_and_registry(
    client: Client, classes: dict[str, CreditClass]
) -> None:
    [found] = client.get(f"{API}/projects", {"type": "redd", "registry": "VCS"}).json()
    assert (found["code"], found["type"], found["category"]) == ("VCS-2", "redd", "forest")
    assert client.get(f"{API}/projects", {"registry": "ACR"}).json() == []


def test_a_page_of_credits_takes_as_many_queries_as_one(
    client: Client,
    classes: dict[str, CreditClass],
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    for limit in (1, 4):
        # Classes, labels, ratings, buffers, standings.
        with django_assert_num_queries(5):
            assert len(client.get(f"{API}/credits", {"limit": limit}).json()) == limit

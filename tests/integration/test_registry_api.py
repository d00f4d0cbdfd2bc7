"""The registry over HTTP."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Balance, Owner
from apps.registry.models import CreditClass, Retirement
from apps.registry.services.imports import catalogue_load
from tests.support.factories import client_of, user_make
from tests.support.registry import TONNE, block_make, holder_make

pytestmark = pytest.mark.django_db

API = "/api/v1"


@pytest.fixture
def held() -> tuple[Owner, CreditClass]:
    return holder_make(block_make(940_605_624, 10))


def post(client: Client, key: str | None = "k", **fields: Any) -> Any:
    body = {"credit": "VCS-1987-2023", "amount": "1.5", "beneficiary": "Lindblad"} | fields
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(f"{API}/retirements", body, content_type="application/json", headers=headers)


def holder_client(owner: Owner) -> Client:
    assert owner.user is not None
    return client_of(owner.user)


def test_anybody_browses_projects(client: Client) -> None:
    catalogue_load()
    page = client.get(f"{API}/projects", {"limit": 10})
    assert [len(page.json()), page["CB-AFTER"]] == [10, page.json()[-1]["code"]]
    codes, after = [], ""
    while after is not None:
        page = client.get(f"{API}/projects", {"limit": 10, "after": after})
        codes += [project["code"] for project in page.json()]
        after = page.get("CB-AFTER")
    assert len(codes) == len(set(codes)) == 25
    brazilian = client.get(f"{API}/projects", {"country": "BR"}).json()
    assert {project["country"] for project in brazilian} == {"BR"}


def test_a_project_has_its_vintages_and_its_registrys_page(client: Client) -> None:
    catalogue_load()
    project = client.get(f"{API}/projects/VCS-1686").json()
    assert project["registry"] == "Verra"
    assert project["registry_url"].endswith("/1686")
    assert {vintage["year"] for vintage in project["vintages"]} == {2016, 2017, 2018}
    assert client.get(f"{API}/projects/VCS-0").status_code == 404


def test_a_credit_tells_where_its_tonnes_are(
    client: Client, held: tuple[Owner, CreditClass]
) -> None:
    post(holder_client(held[0]))
    expected = {
        "code": "VCS-1987-2023",
        "project": "VCS-1987",
        "year": 2023,
        "received": "10",
        "free": "8.5",
        "tokenised": "0",
        "retired": "1.5",
    }
    credit = client.get(f"{API}/credits/VCS-1987-2023").json()
    assert {name: credit[name] for name in expected} == expected
    assert client.get(f"{API}/credits", {"project": "VCS-1987"}).json() == [credit]
    assert client.get(f"{API}/credits", {"project": "VCS-1"}).json() == []
    assert client.get(f"{API}/credits/x").status_code == 404


@pytest.mark.parametrize(
    "spelling",
    [
        "19370-940605626-940605627-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0",
        "19370 – 940605626 – 940605627-vcs-vcu-1323-ver-ar-1-1987-01012023-31122023-0",
    ],
)
def test_a_serial_in_any_spelling_finds_its_grams(
    client: Client, held: tuple[Owner, CreditClass], spelling: str
) -> None:
    [trace] = client.get(f"{API}/serials/{spelling}").json()
    assert trace["project"] == "VCS-1987"
    assert trace["standing"] == {"immobilised": "2"}
    assert [event["kind"] for event in trace["events"]] == ["received"]
    assert trace["issued_on"] == "2026-03-31"


def test_a_serial_that_is_none_says_why(client: Client) -> None:
    answer = client.get(
        f"{API}/serials/15312-681393912-681394011-VCS-VCU-208-VER-CA-3-929-01012018-31122018-O"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "serial_letter_o")
    assert client.get(f"{API}/serials/hello").json()["code"] == "serial_unknown"
    unknown = "19370-1-2-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0"
    assert client.get(f"{API}/serials/{unknown}").status_code == 404


def test_retiring_answers_with_the_certificate(held: tuple[Owner, CreditClass]) -> None:
    owner, _credit_class = held
    answer = post(holder_client(owner), message="For 2025", period_start="2025-01-01")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["credit"], body["amount"]) == ("VCS-1987-2023", "1.5")
    [whole_and_part] = body["serials"]
    assert (whole_and_part["first"], whole_and_part["last"]) == (940_605_624, 940_605_625)
    assert (whole_and_part["gram_from"], whole_and_part["gram_to"]) == (1, 500_000)
    assert whole_and_part["shared"] == [{"serial": 940_605_625, "retired": "0.5", "is_full": False}]
    assert Balance.objects.get(owner=owner).available == 8_500_000
    assert body["certificate_url"].endswith(f"/certificates/{body['number']}")
    assert body["pdf_url"] == f"/certificates/{body['number']}.pdf"


def test_the_certificate_is_public_and_says_the_same(
    client: Client, held: tuple[Owner, CreditClass]
) -> None:
    body = post(holder_client(held[0])).json()
    assert client.get(f"{API}/certificates/{body['number']}").json() == body
    assert client.get(f"{API}/certificates/CCM-1-1").status_code == 404


def test_sending_it_again_with_the_same_key_retires_once(
    held: tuple[Owner, CreditClass],
) -> None:
    client = holder_client(held[0])
    assert post(client).json() == post(client).json()
    assert Retirement.objects.count() == 1
    again = post(client, amount="2")
    assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"amount": "0"}, 400, "amount_too_small"),
        ({"amount": "-1"}, 400, "invalid_request"),
        ({"amount": "0.0000001"}, 400, "invalid_request"),
        ({"amount": "11"}, 400, "insufficient_funds"),
        ({"amount": None}, 400, "invalid_request"),
        ({"credit": "VCS-1987-1999"}, 404, "not_found"),
        ({"beneficiary": " "}, 400, "invalid_request"),
        ({"beneficiary": "a\0b"}, 400, "invalid_request"),
        ({"period_start": "2025-02-01", "period_end": "2025-01-01"}, 400, "invalid_period"),
    ],
)
def test_a_bad_request_is_a_4xx_with_a_code_and_retires_nothing(
    held: tuple[Owner, CreditClass], fields: dict[str, Any], status: int, code: str
) -> None:
    answer = post(holder_client(held[0]), **fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    assert not Retirement.objects.exists()


def test_a_key_is_required(held: tuple[Owner, CreditClass]) -> None:
    answer = post(holder_client(held[0]), key=None)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


def test_one_sees_ones_own_retirements_only(held: tuple[Owner, CreditClass]) -> None:
    client = holder_client(held[0])
    numbers = [post(client, key=str(n), amount="0.1").json()["number"] for n in range(3)]
    page = client.get(f"{API}/retirements", {"limit": 2})
    assert [one["number"] for one in page.json()] == numbers[:0:-1]
    rest = client.get(f"{API}/retirements", {"limit": 2, "after": page["CB-AFTER"]})
    assert [one["number"] for one in rest.json()] == numbers[:1]
    assert "CB-AFTER" not in rest
    charlie = client_of(user_make())
    assert charlie.get(f"{API}/retirements").json() == []


def test_strangers_and_keys_without_the_scope_cannot_retire(
    client: Client, held: tuple[Owner, CreditClass]
) -> None:
    assert post(client).status_code == 401
    auditor = user_make(is_auditor=True)
    answer = post(client_of(auditor))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert not Retirement.objects.exists()


def test_fractions_of_the_last_gram_are_exact(held: tuple[Owner, CreditClass]) -> None:
    client = holder_client(held[0])
    assert post(client, key="a", amount="0.000001").json()["amount"] == "0.000001"
    assert post(client, key="b", amount="9.999999").status_code == 201
    assert Balance.objects.get(owner=held[0]).available == 0
    assert Retirement.objects.count() == 2
    assert sum(Retirement.objects.values_list("amount_grams", flat=True)) == 10 * TONNE

"""The API's own description: without a warning, complete, and true of what is answered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from apps.orderbook.api.urls import v1
from apps.orderbook.ids import account_uuid, order_uuid
from tests.support.api import Bot, bot_of
from tests.support.factories import fund, user_make
from tests.support.markets import TONNE, UNIT, fill_write, order_rest, product_make

NAME = "VCS_1686_2017-CC"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    response = Client().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    return response.json()


def test_it_is_valid_and_made_without_a_warning(schema: dict[str, Any], tmp_path: Any) -> None:
    validate_schema(schema)
    call_command("spectacular", fail_on_warn=True, file=str(tmp_path / "schema.yml"))


ADDRESSES = [re.sub(r"<\w+:(\w+)>", r"{\1}", str(p.pattern)) for p in v1]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_is_in_it_and_its_errors_have_the_one_shape(
    schema: dict[str, Any], address: str
) -> None:
    for operation in schema["paths"][f"/api/v1/{address}"].values():
        for status, answer in operation["responses"].items():
            if status == "200" and list(answer["content"]) == ["text/csv"]:
                continue
            ref = answer["content"]["application/json"]["schema"].get("$ref", "")
            assert ref.endswith("/ErrorOutput") != status.startswith("2")


@pytest.mark.django_db
def test_answers_have_the_fields_that_it_names(schema: dict[str, Any]) -> None:
    product, user = product_make("VCS-1686-2017", "CC"), user_make()
    mine = order_rest(product, user.owner, size=2 * TONNE, client_oid="mine")
    fill_write(mine, order_rest(product, side=1), size=TONNE, number=1)
    balance = fund(user.owner, product.quote, UNIT)
    bot = bot_of(user)
    account, order = account_uuid(balance.pk), order_uuid(mine.pk)
    answers = {
        "/products": "/products",
        "/products/{product}": f"/products/{NAME}",
        "/products/{product}/book": f"/products/{NAME}/book",
        "/products/{product}/ticker": f"/products/{NAME}/ticker",
        "/products/{product}/trades": f"/products/{NAME}/trades",
        "/products/{product}/stats": f"/products/{NAME}/stats",
        "/currencies": "/currencies",
        "/time": "/time",
        "/accounts": "/accounts",
        "/accounts/{account}/ledger": f"/accounts/{account}/ledger",
        "/orders": "/orders",
        "/orders/{order}": f"/orders/{order}",
        "/fills": f"/fills?product_id={NAME}",
        "/fees": "/fees",
    }
    for path, address in answers.items():
        fields_match(schema, path, answer_of(bot, address))


def answer_of(bot: Bot, address: str) -> Any:
    response = bot.get(address)
    assert response.status_code == 200, address
    return response.json()


def fields_match(schema: dict[str, Any], path: str, answer: Any) -> None:
    """Every field answered is described, and every required one answered."""
    described = schema["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]
    shape = described["content"]["application/json"]["schema"]
    if shape.get("type") == "array":
        assert answer, f"{path} answers nothing to look at"
        shape, answer = shape["items"], answer[0]
    component = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    assert set(answer) <= set(component["properties"]), path
    assert set(component.get("required", [])) <= set(answer), path


def test_the_viewer_is_served_from_here_and_needs_no_other_host() -> None:
    page = Client().get("/api/docs")
    assert page.status_code == 200
    said = page.content.decode()
    script = Client().get("/api/docs?script=")
    assert script["Content-Type"] == "application/javascript"
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)", said)
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in addresses
    assert all(address.startswith("/") for address in addresses)
    assert "://" not in said + script.content.decode()
    for address in addresses:
        assert not address.startswith("/static/") or finders.find(address.removeprefix("/static/"))
    # Nothing in the page itself is a script: the policy would not let it run.
    assert "<script>" not in said


def test_the_feed_is_described_too() -> None:
    said = Client().get("/api/feed-schema").json()
    assert said["asyncapi"] == "3.0.0"
    assert said["servers"]["feed"] == {"host": "testserver", "protocol": "ws"}
    assert {"status", "ticker_batch", "level2_batch", "user"} <= set(said["operations"])
    for operation in said["operations"].values():
        for message in operation["messages"]:
            name = message["$ref"].rpartition("/")[2]
            Draft202012Validator.check_schema(said["components"]["messages"][name]["payload"])


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_that_is_not_there_is_refused_in_the_same_shape(method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)("/api/v1/orders/a/b")
    assert (answer.status_code, answer.json()) == (
        404,
        {"message": "NotFound", "code": "not_found"},
    )

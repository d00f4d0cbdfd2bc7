"""Idempotency-Key: a request whose answer got lost is repeated, and done once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.acting import acting
from apps.accounts.api.idempotency import answers_forget, idempotent
from apps.accounts.api.permissions import HasScope
from apps.accounts.errors import Conflict
from apps.accounts.models import IdempotentAnswer, User, Wallet
from tests.support.factories import client_of, user_make, wallet_make

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Counted(APIView):
    """Makes one more wallet row each time it is really carried out."""

    permission_classes = [HasScope("trade")]

    @idempotent
    def post(self, request: Request) -> Response:
        owner = acting(request).owner
        count = Wallet.objects.filter(owner=owner).count()
        wallet = wallet_make(owner, f"0x{owner.pk:020x}{count:020x}", user=request.user)
        if request.data.get("fail"):
            raise Conflict("Not now. Try again.", code="not_now")
        if request.data.get("slow"):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(1)")
        return Response({"made": wallet.address, "at": wallet.linked_at}, status=201)


urlpatterns = [
    path("api/v1/counted", Counted.as_view()),
    path("api/v1/other", Counted.as_view()),
]


@pytest.fixture
def user() -> User:
    return user_make()


def post(user: User, body: dict[str, Any], key: str | None, where: str = "counted") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client_of(user).post(
        f"/api/v1/{where}", body, content_type="application/json", headers=headers
    )


def test_the_same_request_is_done_once_and_answered_alike(user: User) -> None:
    first, again = post(user, {"a": 1}, "k"), post(user, {"a": 1}, "k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Wallet.objects.count() == 1


def test_without_a_key_each_request_is_its_own(user: User) -> None:
    assert post(user, {}, None).json() != post(user, {}, None).json()


@pytest.mark.parametrize(("body", "where"), [({"a": 2}, "counted"), ({"a": 1}, "other")])
def test_another_request_under_a_used_key_is_a_422(
    user: User, body: dict[str, Any], where: str
) -> None:
    post(user, {"a": 1}, "k")
    answer = post(user, body, "k", where)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Wallet.objects.count() == 1


def test_the_same_json_in_another_order_is_the_same_request(user: User) -> None:
    post(user, {"a": 1, "b": 2}, "k")
    assert post(user, {"b": 2, "a": 1}, '"k"').status_code == 201
    assert Wallet.objects.count() == 1


def test_a_key_is_an_accounts_own(user: User) -> None:
    post(user, {"a": 1}, "k")
    other = post(user_make(), {"a": 2}, "k")
    assert other.status_code == 201
    assert Wallet.objects.count() == 2


def test_an_error_does_nothing_and_leaves_the_key_free(user: User) -> None:
    refused = post(user, {"fail": 1}, "k")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_now")
    assert not Wallet.objects.exists()
    assert not IdempotentAnswer.objects.exists()
    assert post(user, {"a": 1}, "k").status_code == 201


@pytest.mark.parametrize("key", ["", " ", '""', "é", "x" * 121, "a\tb"])
def test_what_is_no_key_is_a_400(user: User, key: str) -> None:
    answer = post(user, {}, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_first_is_under_way_is_a_409(user: User) -> None:
    clients = [client_of(user) for _ in range(4)]

    def send(client: Client) -> tuple[int, str]:
        answer = client.post(
            "/api/v1/counted",
            {"slow": 1},
            content_type="application/json",
            headers={"Idempotency-Key": "k"},
        )
        connection.close()
        return answer.status_code, answer.json().get("code", "")

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(send, clients))
    assert answers == [(201, ""), *[(409, "idempotency_in_flight")] * 3]
    assert Wallet.objects.count() == 1


def test_a_stored_answer_is_not_told_to_whoever_lacks_the_scope(user: User) -> None:
    post(user, {}, "k")
    assert client_of(user_make(is_auditor=True)).post("/api/v1/counted").status_code == 403


def test_answers_are_kept_for_a_week(user: User) -> None:
    post(user, {}, "k")
    assert answers_forget() == 0
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert answers_forget() == 1

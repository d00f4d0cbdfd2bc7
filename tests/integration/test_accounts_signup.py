"""Signing up through the page."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db

FORM = {"email": "New.Person@Example.com", "password1": PASSWORD, "password2": PASSWORD}


def test_signing_up_creates_the_person_and_their_owner_at_once() -> None:
    response = Client().post("/accounts/signup/", {**FORM, "name": "Individual Nine"})
    assert response.status_code == 302
    user = User.objects.get(email="new.person@example.com")
    assert user.name == "Individual Nine"
    assert user.owner.user_id == user.pk
    assert list(user.owner.balances.all()) == []


def test_the_name_is_optional() -> None:
    Client().post("/accounts/signup/", FORM)
    assert User.objects.get(email="new.person@example.com").name == ""


def test_an_address_in_use_creates_nobody() -> None:
    User.objects.create_user("new.person@example.com")
    Client().post("/accounts/signup/", FORM)
    assert User.objects.count() == 1

"""Apps of others: registered, consented to, and acting no further than that."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken
from pytest_django.fixtures import Settings

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import AppConsent, Membership, User
from apps.accounts.oauth.applications import APPS_PER_PERSON_MAX, NewApp, app_create
from apps.accounts.oauth.consents import consent_end
from tests.support.factories import client_of, organisation_make, staff_make, user_make

pytestmark = pytest.mark.django_db

CALLBACK = "https://app.example/callback"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


@pytest.fixture
def user() -> User:
    return user_make()


@pytest.fixture
def app() -> NewApp:
    return app_create(user=user_make(), name="Robot", addresses=[CALLBACK], keeps_secret=True)


@dataclass
class Tokens:
    """What the token endpoint gave."""

    access: str
    refresh: str
    scope: str

    def get(self, path: str) -> Any:
        return Client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {self.access}"})

    def post(self, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.access}"}
        return Client().post(f"/api/v1{path}", body, "application/json", headers=headers)


def question(app: NewApp, scope: str = "view", **changed: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": app.application.client_id,
        "redirect_uri": CALLBACK,
        "scope": scope,
        "state": "abc",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changed,
    }


def answered(browser: Client, app: NewApp, scope: str = "view", *, allow: bool = True) -> Any:
    """Where the person is sent after the consent page: the query's values."""
    page = browser.get("/oauth/authorize", question(app, scope))
    assert page.status_code == 200, page.content
    hidden = page.context["form"].initial
    form = {name: value for name, value in hidden.items() if value is not None}
    answer = browser.post("/oauth/authorize", form | ({"allow": "true"} if allow else {}))
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(CALLBACK)
    return {name: value[0] for name, value in parse_qs(urlsplit(answer["Location"]).query).items()}


def exchange(app: NewApp, **values: str) -> Any:
    form = {"client_id": app.application.client_id, "client_secret": app.secret, **values}
    return Client().post("/oauth/token", form)


def code_exchange(app: NewApp, code: str, **changed: str) -> Any:
    values = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changed}
    return exchange(app, grant_type="authorization_code", **values)


def tokens_of(answer: Any) -> Tokens:
    assert answer.status_code == 200, answer.content
    said = answer.json()
    return Tokens(said["access_token"], said["refresh_token"], said["scope"])


def connect(user: User, app: NewApp, scope: str = "view") -> Tokens:
    return tokens_of(code_exchange(app, answered(client_of(user), app, scope)["code"]))


# --- consent -------------------------------------------------------------------------------------


def test_a_person_connects_an_app_which_then_reads_for_them(user: User, app: NewApp) -> None:
    back = answered(client_of(user), app)
    assert (back["state"], back["iss"]) == ("abc", "http://testserver")
    tokens = tokens_of(code_exchange(app, back["code"]))
    assert tokens.get("/accounts").status_code == 200
    consent = AppConsent.objects.get()
    assert (consent.user, consent.owner, consent.scopes) == (user, user.owner, ["view"])


def test_the_page_says_who_asks_for_what_and_may_lead_back_there(user: User, app: NewApp) -> None:
    page = client_of(user).get("/oauth/authorize", question(app, "view retire"))
    said = page.content.decode()
    for expected in ("Robot", str(user.owner), "Retire credits for good", "app.example"):
        assert expected in said
    assert "form-action 'self' https://app.example" in page["Content-Security-Policy"]
    assert "no-store" in page["Cache-Control"]


def test_a_stranger_signs_in_first(app: NewApp) -> None:
    answer = Client().get("/oauth/authorize", question(app))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


def test_a_refusal_leads_back_without_a_code(user: User, app: NewApp) -> None:
    back = answered(client_of(user), app, allow=False)
    assert (back["error"], "code" in back) == ("access_denied", False)
    assert not AppConsent.objects.exists()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
def test_what_is_not_safe_is_refused(
    user: User, app: NewApp, changed: dict[str, str], error: str
) -> None:
    answer = client_of(user).get("/oauth/authorize", question(app, **changed))
    assert answer.status_code == 302
    assert f"error={error}" in answer["Location"] + urlsplit(answer["Location"]).fragment


def test_nor_is_it_when_the_form_is_sent_without_the_page(user: User, app: NewApp) -> None:
    form = question(app, code_challenge="") | {"allow": "true"}
    answer = client_of(user).post("/oauth/authorize", form)
    assert "error=invalid_request" in answer["Location"]
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "changed", [{"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}]
)
def test_nobody_is_sent_to_an_address_that_the_app_did_not_register(
    user: User, app: NewApp, changed: dict[str, str]
) -> None:
    answer = client_of(user).get("/oauth/authorize", question(app, **changed))
    assert answer.status_code == 400
    assert "Nothing was agreed to" in answer.content.decode()


# --- tokens --------------------------------------------------------------------------------------


def test_a_code_is_good_once_and_only_with_its_verifier_and_secret(user: User, app: NewApp) -> None:
    code = answered(client_of(user), app)["code"]
    assert code_exchange(app, code, code_verifier="w" * 64).status_code == 400
    assert code_exchange(app, code, client_secret="wrong").status_code == 401
    assert code_exchange(app, code).status_code == 200
    assert code_exchange(app, code).status_code == 400


def test_a_refresh_token_gives_new_ones_once_and_a_copy_ends_them_all(
    user: User, app: NewApp
) -> None:
    first = connect(user, app)
    second = tokens_of(exchange(app, grant_type="refresh_token", refresh_token=first.refresh))
    assert (first.get("/accounts").status_code, second.get("/accounts").status_code) == (401, 200)
    stolen = exchange(app, grant_type="refresh_token", refresh_token=first.refresh)
    assert stolen.status_code == 400
    assert second.get("/accounts").status_code == 401


@pytest.mark.parametrize(
    "values",
    [
        {"grant_type": "password", "username": "a", "password": "b"},
        {"grant_type": "client_credentials"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
        {},
    ],
)
def test_no_other_grant_is_there(app: NewApp, values: dict[str, str]) -> None:
    answer = exchange(app, **values)
    assert answer.status_code == 400
    assert set(answer.json()) <= {"error", "error_description"}


def test_the_database_has_no_token_and_no_secret(user: User, app: NewApp) -> None:
    tokens = connect(user, app)
    kept = [str(row) for model in (AccessToken, RefreshToken) for row in model.objects.values()]
    assert not [row for row in kept if tokens.access in row or tokens.refresh in row]
    assert app.secret not in Application.objects.get().client_secret


def test_an_app_ends_its_token_itself(user: User, app: NewApp) -> None:
    tokens = connect(user, app)
    form = {
        "client_id": app.application.client_id,
        "client_secret": app.secret,
        "token": tokens.access,
    }
    assert Client().post("/oauth/revoke", form).status_code == 200
    assert tokens.get("/accounts").status_code == 401


def test_guessing_empties_the_bucket_of_the_address(app: NewApp, settings: Settings) -> None:
    settings.API_LIMIT_ADDRESS_PER_S = settings.API_LIMIT_ADDRESS_BURST = 1
    guess = {"grant_type": "refresh_token", "refresh_token": "x"}
    here = Client(REMOTE_ADDR="2001:db8::7")
    answers = [here.post("/oauth/token", guess) for _ in range(20)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused["Retry-After"], refused.json()["error"]) == ("1", "temporarily_unavailable")


def test_a_client_finds_the_endpoints_by_itself() -> None:
    said = Client().get("/.well-known/oauth-authorization-server").json()
    assert said["token_endpoint"] == "http://testserver/oauth/token"
    assert said["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["scopes_supported"] == ["retire", "trade", "transfer", "view"]


# --- how far it goes -----------------------------------------------------------------------------


def test_a_token_does_what_its_scopes_say(user: User, app: NewApp) -> None:
    refused = connect(user, app, "view").post("/orders", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    allowed = connect(user, app, "view trade").post("/orders", {})
    assert (allowed.status_code, allowed.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 10_000, "Bearer"])
def test_a_wrong_token_is_a_401_in_the_shape_of_every_error(token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = Client().get("/api/v1/accounts", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_a_token_ends_with_its_hour_and_with_its_person(user: User, app: NewApp) -> None:
    tokens = connect(user, app)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert tokens.get("/accounts").status_code == 401
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert tokens.get("/accounts").status_code == 200
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert tokens.get("/accounts").status_code == 401


def test_it_acts_for_the_organisation_that_was_chosen_and_only_as_its_member_may(
    user: User, app: NewApp
) -> None:
    organisation = organisation_make(trader=user)
    browser = client_of(user)
    session = browser.session
    session["acting_organisation"] = organisation.pk
    session.save()
    back = answered(browser, app, "view transfer")
    tokens = tokens_of(code_exchange(app, back["code"]))
    assert AppConsent.objects.get().owner == organisation.owner
    assert tokens.get("/accounts").status_code == 200
    refused = tokens.post("/nft/mints", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    Membership.objects.filter(user=user).delete()
    assert tokens.get("/accounts").status_code == 403


def test_consent_for_another_owner_ends_what_was_given_for_the_first(
    user: User, app: NewApp
) -> None:
    first = connect(user, app)
    organisation = organisation_make(trader=user)
    browser = client_of(user)
    session = browser.session
    session["acting_organisation"] = organisation.pk
    session.save()
    tokens_of(code_exchange(app, answered(browser, app)["code"]))
    assert first.get("/accounts").status_code == 401
    assert AppConsent.objects.filter(ended_at__isnull=True).count() == 1


def test_one_person_consents_once_per_app(user: User, app: NewApp) -> None:
    connect(user, app)
    connect(user, app, "trade")
    assert AppConsent.objects.get().scopes == ["trade", "view"]
    with pytest.raises(IntegrityError), transaction.atomic():
        AppConsent.objects.create(user=user, application=app.application, owner=user.owner)


def test_a_token_without_a_consent_is_worth_nothing(user: User, app: NewApp) -> None:
    tokens = connect(user, app)
    AppConsent.objects.update(ended_at=timezone.now())
    assert tokens.get("/accounts").status_code == 401


def test_an_app_makes_no_webhook_that_would_outlive_it(user: User, app: NewApp) -> None:
    tokens = connect(user, app, "view trade")
    hook = {"url": "https://app.example/", "events": ["order.fill"]}
    refused = tokens.post("/webhooks", hook)
    assert (refused.status_code, refused.json()["code"]) == (403, "key_needed")


# --- pages ---------------------------------------------------------------------------------------


def test_a_person_disconnects_an_app_at_once(user: User, app: NewApp) -> None:
    tokens, browser = connect(user, app, "view trade"), client_of(user)
    page = browser.get("/account/apps/").content.decode()
    assert "Robot" in page
    assert "trade, view" in page
    consent = AppConsent.objects.get()
    assert client_of(user_make()).post(f"/account/apps/{consent.pk}/end/").status_code == 404
    assert browser.post(f"/account/apps/{consent.pk}/end/").status_code == 302
    assert tokens.get("/accounts").status_code == 401
    again = exchange(app, grant_type="refresh_token", refresh_token=tokens.refresh)
    assert again.status_code == 400
    assert not Grant.objects.exists()
    consent_end(consent=consent)


def test_a_developer_registers_an_app_and_sees_its_secret_once(user: User) -> None:
    browser = client_of(user)
    form = {"name": "Mine", "addresses": f"{CALLBACK}\nhttp://127.0.0.1:9/cb", "keeps_secret": "on"}
    page = browser.post("/account/apps/", form)
    assert page.status_code == 200
    secret = page.content.decode().split('id="new-secret">')[1].split("<")[0]
    made = NewApp(Application.objects.get(), secret)
    assert connect(user_make(), made).get("/accounts").status_code == 200
    assert secret not in browser.get("/account/apps/").content.decode()
    own = f"/account/apps/own/{made.application.pk}/delete/"
    assert client_of(user_make()).post(own).status_code == 404
    assert browser.post(own).status_code == 302
    assert not AccessToken.objects.exists()


def test_a_program_without_a_secret_connects_by_its_verifier_alone(user: User) -> None:
    app = app_create(user=user_make(), name="Phone", addresses=[CALLBACK], keeps_secret=False)
    assert app.secret == ""
    assert connect(user, app).get("/accounts").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example/",
        "javascript:alert(1)",
        "https://",
        "https://app.example/#a",
        "https://*.example/",
        "https://app.example:x/",
        "//app.example/",
        "https://äpp.example/",
    ],
)
def test_addresses_that_could_lead_anywhere_are_refused(user: User, address: str) -> None:
    with pytest.raises(ServiceError):
        app_create(user=user, name="App", addresses=[address], keeps_secret=True)
    form = {"name": "App", "addresses": address}
    assert client_of(user).post("/account/apps/", form).status_code == 400


def test_there_are_only_so_many_apps(user: User) -> None:
    for _ in range(APPS_PER_PERSON_MAX):
        app_create(user=user, name="App", addresses=[CALLBACK], keeps_secret=False)
    with pytest.raises(Conflict):
        app_create(user=user, name="App", addresses=[CALLBACK], keeps_secret=False)


def test_staff_see_and_end_consents_but_make_no_tokens(user: User, app: NewApp) -> None:
    tokens, consent = connect(user, app), AppConsent.objects.get()
    staff = client_of(staff_make(("view", AppConsent), ("change", AppConsent)))
    assert staff.get(reverse("admin:accounts_appconsent_changelist")).status_code == 200
    end = reverse("admin:accounts_appconsent_end", args=[consent.pk])
    assert staff.post(end, {"_form_submitted": "on"}).status_code == 302
    assert tokens.get("/accounts").status_code == 401
    assert not {AccessToken, Grant, RefreshToken} & {*admin.site._registry}


def test_a_form_for_an_app_that_is_gone_is_a_404(user: User, app: NewApp) -> None:
    form = question(app, client_id="nobody") | {"allow": "true"}
    assert client_of(user).post("/oauth/authorize", form).status_code == 404

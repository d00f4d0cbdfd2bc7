"""Whatever is asked, and however it fails: at its most talkative, the log holds no secret."""

from __future__ import annotations

import io
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings

from apps.accounts.api import authentication
from apps.accounts.api.webhooks import WebhooksView
from apps.accounts.models import WebhookEvent
from apps.accounts.oauth.applications import app_create
from apps.accounts.webhooks.delivery import webhooks_deliver
from apps.accounts.webhooks.outbox import webhook_event_record
from tests.integration.test_oauth import VERIFIER, answered, code_exchange, exchange, tokens_of
from tests.support.api import Bot, bot_of, signature
from tests.support.factories import PASSWORD, client_of, user_make

pytestmark = pytest.mark.django_db


class Log:
    """What was said, and what may not have been."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream
        self.secrets: dict[str, str] = {}

    @property
    def said(self) -> str:
        return self._stream.getvalue()

    @property
    def leaked(self) -> list[str]:
        return [name for name, secret in self.secrets.items() if secret in self.said]


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """As `LOG_LEVEL=DEBUG` sets it up."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    handler = {"class": "logging.StreamHandler", "formatter": request.param, "stream": stream}
    talkative = {
        **django_settings.LOGGING,
        "handlers": {"stderr": handler},
        "root": {"handlers": ["stderr"], "level": "DEBUG"},
    }
    logging.config.dictConfig(talkative)
    yield Log(stream)
    logging.config.dictConfig(django_settings.LOGGING)
    root.handlers[:], root.level = handlers, level


def test_control_what_is_logged_is_seen(log: Log) -> None:
    log.secrets = {"one": "hush-hush", "other": "never said"}
    structlog.get_logger("somebody").debug("told", of="hush-hush")
    assert log.leaked == ["one"]


def _fail(*_: Any) -> Any:
    raise RuntimeError("nobody foresaw this")


def test_keys_and_their_signatures(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = bot_of(user_make())
    log.secrets = {"secret": bot.key.secret, "passphrase": bot.key.passphrase}
    headers = signature(bot.key, "GET", "/accounts", "")
    log.secrets["signature"] = headers["CB-ACCESS-SIGN"]

    def ask(**changed: str) -> int:
        client = Client(raise_request_exception=False)
        sent = {**headers, **{f"CB-ACCESS-{name}": text for name, text in changed.items()}}
        return client.get("/api/v1/accounts", headers=sent).status_code

    assert ask() == 200
    assert ask(PASSPHRASE=bot.key.passphrase + "x") == 401
    assert ask(TIMESTAMP="1") == 401
    assert ask(SIGN=headers["CB-ACCESS-SIGN"][:-4] + "AAA=") == 401
    assert bot.post("/orders", {"product_id": "NO-SUCH"}).status_code == 400
    monkeypatch.setattr(authentication, "address_of", _fail)
    assert ask() == 500
    assert "nobody foresaw this" in log.said
    assert log.leaked == []


def test_passwords_and_sessions(log: Log) -> None:
    user = user_make("somebody@example.com")
    user.set_password(PASSWORD)
    user.save()
    wrong = "wrong horse battery staple"
    log.secrets = {"password": PASSWORD, "wrong password": wrong}
    browser = Client()
    for password, status in ((wrong, 200), (PASSWORD, 302)):
        form = {"login": user.email, "password": password}
        assert browser.post("/accounts/login/", form).status_code == status
    log.secrets["session"] = browser.cookies["sessionid"].value
    assert browser.get("/portfolio").status_code == 200
    form = {"email": "other@example.com", "password1": PASSWORD + "1", "password2": wrong}
    assert browser.post("/accounts/signup/", form).status_code in (200, 302)
    assert log.leaked == []


def test_apps_and_their_tokens(log: Log) -> None:
    made = app_create(
        user=user_make(), name="Robot", addresses=["https://app.example/callback"],
        keeps_secret=True,
    )  # fmt: skip
    code = answered(client_of(user_make()), made)["code"]
    tokens = tokens_of(code_exchange(made, code))
    log.secrets = {
        "app's secret": made.secret,
        "code": code,
        "verifier": VERIFIER,
        "access token": tokens.access,
        "refresh token": tokens.refresh,
    }
    assert tokens.get("/accounts").status_code == 200
    assert tokens.post("/orders", {}).status_code == 403
    assert code_exchange(made, code).status_code == 400
    fresh = tokens_of(exchange(made, grant_type="refresh_token", refresh_token=tokens.refresh))
    log.secrets["next access token"] = fresh.access
    stale = exchange(made, grant_type="refresh_token", refresh_token=tokens.refresh)
    assert stale.status_code == 400
    assert tokens.get("/accounts").status_code == 401
    assert log.leaked == []


def test_webhooks(log: Log, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    user = user_make()
    bot: Bot = bot_of(user)
    asked = {"url": "http://127.0.0.1:1/hook", "events": ["deposit.credited"]}
    made = bot.post("/webhooks", asked, **{"Idempotency-Key": "k"}).json()
    rotated = bot.post(f"/webhooks/{made['id']}/rotate", {}).json()
    log.secrets = {"secret": made["secret"], "next secret": rotated["secret"]}
    webhook_event_record(owner=user.owner, event=WebhookEvent.DEPOSIT, data={"amount": "5"})
    webhooks_deliver()
    monkeypatch.setattr(WebhooksView, "_create", _fail)
    bot.client.raise_request_exception = False
    assert bot.post("/webhooks", asked).status_code == 500
    assert log.leaked == []

"""Webhooks: what is told, to whom, how it is signed, and where it never goes."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import (
    IdempotentAnswer,
    User,
    WebhookAttempt,
    WebhookCursor,
    WebhookEndpoint,
    WebhookEvent,
    WebhookMessage,
)
from apps.accounts.webhooks import sending
from apps.accounts.webhooks.addresses import AddressRefused, is_public, url_check
from apps.accounts.webhooks.delivery import PAUSES_S, pause, webhooks_deliver
from apps.accounts.webhooks.endpoints import NewWebhook, webhook_create, webhook_end
from apps.accounts.webhooks.outbox import webhook_event_record
from tests.support.api import bot_of
from tests.support.factories import client_of, organisation_make, user_make

LOCAL = "127.0.0.0/8"


@dataclass
class Receiver:
    """Somebody else's server: answers with `status`, remembers what it heard."""

    url: str = ""
    status: int = 204
    drip_s: float = 0.0
    heard: list[tuple[dict[str, str], str]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    heard = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.heard.append(({name.lower(): v for name, v in self.headers.items()}, body))
            if heard.drip_s:
                time.sleep(heard.drip_s)
            self.send_response(heard.status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}/hook?x=1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield heard
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def local_allowed(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [LOCAL]


@pytest.fixture
def user(db: None) -> User:
    return user_make()


def endpoint_make(user: User, url: str, *events: WebhookEvent) -> NewWebhook:
    wanted = events or (WebhookEvent.DEPOSIT,)
    return webhook_create(owner=user.owner, user=user, url=url, events=wanted)


def deposit(user: User, amount: str = "1") -> None:
    with transaction.atomic():
        webhook_event_record(owner=user.owner, event=WebhookEvent.DEPOSIT, data={"amount": amount})


# --- where they go -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2001:0:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_not_the_public_internet_is_refused(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_the_public_internet_is_not_refused(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://2130706433/",
        "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://169.254.169.254/latest",
        "https://[::ffff:127.0.0.1]/", "http://1.1.1.1/", "ftp://1.1.1.1/", "file:///etc/passwd",
        "//1.1.1.1/", "https://", "https:///x", "https://user:pass@1.1.1.1/", "https://1.1.1.1/#x",
        "https://1.1.1.1:99999/", "https://[1.1.1.1/", "https://1.1.1.1/\r\nHost: x", "x", "",
        "https://1.1.1.1/é", "https://1.1.1.1/" + "x" * 500, "https://no-such-host.invalid/",
    ],
)  # fmt: skip
def test_an_address_that_could_lead_inside_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as refusal:
        url_check(url)
    assert refusal.value.code == "webhook_address_refused"


def test_a_public_address_is_taken() -> None:
    url_check("https://1.1.1.1:8443/hook?a=b")


def rebinding(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """A name server that answers differently each time it is asked for a name."""
    left, ask = list(answers), socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **options: Any) -> Any:
        if not host.endswith(".example"):
            return ask(host, port, *args, **options)
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("apps.accounts.webhooks.addresses.socket.getaddrinfo", getaddrinfo)


def test_a_name_that_turns_inside_after_the_check_is_not_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebinding(monkeypatch, "1.1.1.1", "127.0.0.1")
    port = receiver.url.split(":")[2].split("/")[0]
    url_check(f"https://rebinding.example:{port}/")
    outcome = sending.post(f"http://rebinding.example:{port}/", b"{}", {})
    assert (outcome.status, outcome.error) == (None, "Webhooks go to public addresses only.")
    assert receiver.heard == []


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = [(2, 1, 6, "", (address, 443)) for address in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(
        "apps.accounts.webhooks.addresses.socket.getaddrinfo", lambda *_, **__: entries
    )
    with pytest.raises(AddressRefused):
        url_check("https://mixed.example/")


def test_the_connection_goes_to_the_address_that_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, local_allowed: None
) -> None:
    """The name means us once; asked again, by whomever, it would mean nobody."""
    rebinding(monkeypatch, "127.0.0.1", "127.255.255.254")
    port = receiver.url.split(":")[2].split("/")[0]
    assert sending.post(f"http://here.example:{port}/", b"{}", {}).status == 204
    assert receiver.heard[0][0]["host"] == f"here.example:{port}"


def test_a_redirect_is_not_followed(receiver: Receiver, local_allowed: None) -> None:
    receiver.status = 302
    assert sending.post(receiver.url, b"{}", {}).status == 302
    assert len(receiver.heard) == 1


def test_a_receiver_that_never_ends_its_answer_is_hung_up_on(
    receiver: Receiver, local_allowed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "DEADLINE_S", 0.2)
    receiver.drip_s = 1.0
    outcome = sending.post(receiver.url, b"{}", {})
    assert outcome.status is None
    assert outcome.error
    assert outcome.duration_ms < 900


# --- what is told, and how -----------------------------------------------------------------------


@pytest.mark.django_db
def test_an_event_is_told_once_and_signed(
    user: User, receiver: Receiver, local_allowed: None
) -> None:
    new = endpoint_make(user, receiver.url)
    deposit(user, "12.5")
    assert webhooks_deliver() == 1
    assert webhooks_deliver() == 0
    [(headers, body)] = receiver.heard
    told = Webhook(new.secret).verify(body, headers)
    assert (told["type"], told["data"]) == ("deposit.credited", {"amount": "12.5"})
    message = WebhookMessage.objects.get()
    assert headers["webhook-id"] == str(message)
    assert message.state == "delivered"
    with pytest.raises(WebhookVerificationError):
        Webhook(new.secret).verify(body.replace("12.5", "99"), headers)


@pytest.mark.django_db
def test_only_who_asked_for_it_is_told(user: User, receiver: Receiver) -> None:
    endpoint_make(user, receiver.url, WebhookEvent.RETIREMENT)
    endpoint_make(user_make(), receiver.url)
    ended = endpoint_make(user, receiver.url).endpoint
    webhook_end(endpoint=ended)
    deposit(user)
    assert not WebhookMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_is_not_told(user: User, receiver: Receiver) -> None:
    endpoint_make(user, receiver.url)
    with transaction.atomic():
        deposit(user)
        transaction.set_rollback(True)
    assert not WebhookMessage.objects.exists()


@pytest.mark.django_db
def test_messages_are_told_in_the_order_of_events(
    user: User, receiver: Receiver, local_allowed: None
) -> None:
    endpoint_make(user, receiver.url)
    for number in range(5):
        deposit(user, str(number))
    assert webhooks_deliver() == 5
    told = [json.loads(body)["data"]["amount"] for _, body in receiver.heard]
    assert told == ["0", "1", "2", "3", "4"]


@pytest.mark.django_db
def test_a_failure_is_tried_again_later_under_the_same_id(
    user: User, receiver: Receiver, local_allowed: None
) -> None:
    endpoint_make(user, receiver.url)
    deposit(user)
    receiver.status = 500
    assert webhooks_deliver() == 1
    message = WebhookMessage.objects.get()
    assert (message.state, message.attempts_made) == ("pending", 1)
    assert timedelta(0) < message.next_attempt_at - timezone.now() < timedelta(seconds=7)
    assert webhooks_deliver() == 0
    WebhookMessage.objects.update(next_attempt_at=timezone.now())
    receiver.status = 200
    assert webhooks_deliver() == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    assert list(WebhookAttempt.objects.order_by("pk").values_list("status", flat=True)) == [
        500,
        200,
    ]


def test_pauses_grow_and_vary() -> None:
    for attempts, base_s in enumerate(PAUSES_S, 1):
        found = {pause(attempts).total_seconds() for _ in range(20)}
        assert min(found) >= base_s
        assert max(found) <= base_s * 1.2
        assert len(found) > 1


@pytest.mark.django_db
def test_after_the_last_attempt_it_is_given_up_and_can_be_sent_again(
    user: User, receiver: Receiver, local_allowed: None
) -> None:
    new = endpoint_make(user, receiver.url)
    deposit(user)
    receiver.status = 503
    for _ in range(len(PAUSES_S) + 1):
        WebhookMessage.objects.update(next_attempt_at=timezone.now())
        assert webhooks_deliver() == 1
    message = WebhookMessage.objects.get()
    assert (message.state, message.attempts_made) == ("dead", len(PAUSES_S) + 1)
    receiver.status = 200
    replay = f"/account/webhooks/{new.endpoint.public_id}/messages/{message.public_id}/replay/"
    assert client_of(user_make()).post(replay).status_code == 404
    assert client_of(user).post(replay).status_code == 302
    assert webhooks_deliver() == 1
    message.refresh_from_db()
    assert message.state == "delivered"


@pytest.mark.django_db
def test_a_worker_that_died_with_a_claim_loses_it(
    user: User, receiver: Receiver, local_allowed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_make(user, receiver.url)
    deposit(user)
    with monkeypatch.context() as broken:
        broken.setattr("apps.accounts.webhooks.delivery.attempt_record", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            webhooks_deliver()
    assert webhooks_deliver() == 0
    WebhookMessage.objects.update(next_attempt_at=timezone.now())
    assert webhooks_deliver() == 1
    assert WebhookMessage.objects.get().state == "delivered"


@pytest.mark.django_db
def test_an_address_that_became_private_is_noted_as_a_failure(user: User) -> None:
    endpoint_make(user, "https://127.0.0.1/hook")
    deposit(user)
    assert webhooks_deliver() == 1
    assert WebhookAttempt.objects.get().error == "Webhooks go to public addresses only."


@pytest.mark.django_db
def test_after_a_rotation_both_secrets_sign_for_a_day(
    user: User, receiver: Receiver, local_allowed: None
) -> None:
    old = endpoint_make(user, receiver.url)
    page = client_of(user).post(f"/account/webhooks/{old.endpoint.public_id}/rotate/")
    new_secret = page.content.decode().split('id="new-secret">')[1].split("<")[0]
    deposit(user)
    webhooks_deliver()
    headers, body = receiver.heard[-1]
    for secret in (old.secret, new_secret):
        Webhook(secret).verify(body, headers)
    WebhookEndpoint.objects.update(previous_until=timezone.now())
    deposit(user)
    webhooks_deliver()
    headers, body = receiver.heard[-1]
    Webhook(new_secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.secret).verify(body, headers)


@pytest.mark.django_db
def test_the_database_does_not_have_the_secret(user: User, receiver: Receiver) -> None:
    new = endpoint_make(user, receiver.url)
    row = WebhookEndpoint.objects.values().get()
    assert new.secret not in str(
        {name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()}
    )


@pytest.mark.django_db
def test_nor_does_the_answer_that_is_kept_for_a_repetition(
    user: User, receiver: Receiver, local_allowed: None
) -> None:
    bot = bot_of(user)
    asked = {"url": receiver.url, "events": ["deposit.credited"]}
    made, again = (bot.post("/webhooks", asked, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == made.json()
    kept = bytes(IdempotentAnswer.objects.get().body_encrypted)
    assert made.json()["secret"].encode() not in kept


@pytest.mark.django_db
def test_there_are_only_so_many(user: User, receiver: Receiver) -> None:
    for _ in range(10):
        endpoint_make(user, receiver.url)
    with pytest.raises(Conflict):
        endpoint_make(user, receiver.url)
    with pytest.raises(ServiceError):
        webhook_create(owner=user.owner, user=user, url=receiver.url, events=["everything"])


# --- the API and the pages -----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_bot_makes_reads_replays_rotates_and_ends_a_webhook(
    user: User, receiver: Receiver, local_allowed: None
) -> None:
    bot = bot_of(user)
    made = bot.post("/webhooks", {"url": receiver.url, "events": ["deposit.credited"]})
    assert made.status_code == 201, made.content
    path = f"/webhooks/{made.json()['id']}"
    assert [row["url"] for row in bot.get("/webhooks").json()] == [receiver.url]
    assert "secret" not in bot.get(path).json()
    deposit(user)
    webhooks_deliver()
    [message] = bot.get(f"{path}/messages").json()
    assert (message["state"], message["attempts"][0]["status"]) == ("delivered", 204)
    again = bot.post(f"{path}/messages/{message['id']}/replay", {})
    assert (again.status_code, again.json()["state"]) == (202, "pending")
    assert webhooks_deliver() == 1
    assert bot.post(f"{path}/rotate", {}).json()["secret"] != made.json()["secret"]
    assert bot.post(f"{path}/messages/msg_x/replay", {}).status_code == 404
    assert bot.delete(path).status_code == 204
    assert bot.get(path).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "https://127.0.0.1/", "events": ["order.done"]}, "webhook_address_refused"),
        ({"url": "https://1.1.1.1/", "events": []}, "invalid_request"),
        ({"url": "https://1.1.1.1/", "events": ["x"]}, "invalid_request"),
        ({"events": ["order.done"]}, "invalid_request"),
    ],
)
def test_what_cannot_be_told_is_a_400(user: User, body: dict[str, Any], code: str) -> None:
    answer = bot_of(user).post("/webhooks", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.django_db
def test_others_see_nothing_of_it(user: User, receiver: Receiver) -> None:
    endpoint = endpoint_make(user, receiver.url).endpoint
    path = f"/webhooks/{endpoint.public_id}"
    charlie, reader = bot_of(user_make()), bot_of(user, scopes=["view"])
    assert charlie.get(path).status_code == 404
    assert charlie.delete(path).status_code == 404
    assert reader.get(path).status_code == 200
    assert reader.delete(path).json()["code"] == "scope_missing"
    assert client_of(user_make()).get(f"/account{path}/").status_code == 404


@pytest.mark.django_db
def test_the_page_makes_one_and_shows_its_secret_once(
    user: User, receiver: Receiver, local_allowed: None
) -> None:
    client = client_of(user)
    form = {"url": receiver.url, "events": ["deposit.credited", "order.done"]}
    page = client.post("/account/webhooks/", form)
    assert page.status_code == 200
    assert "whsec_" in page.content.decode()
    assert "whsec_" not in client.get("/account/webhooks/").content.decode()
    deposit(user)
    receiver.status = 500
    webhooks_deliver()
    endpoint = WebhookEndpoint.objects.get()
    log = client.get(f"/account/webhooks/{endpoint.public_id}/").content.decode()
    assert " 500 " in log
    assert client.post(f"/account/webhooks/{endpoint.public_id}/end/").status_code == 302
    assert client.get(f"/account/webhooks/{endpoint.public_id}/").status_code == 404


@pytest.mark.django_db
def test_the_page_refuses_private_addresses_in_words(user: User) -> None:
    form = {"url": "https://10.0.0.1/", "events": ["order.done"]}
    answer = client_of(user).post("/account/webhooks/", form)
    assert answer.status_code == 400
    assert "public addresses only" in answer.content.decode()


@pytest.mark.django_db
def test_a_member_who_only_looks_makes_no_webhook() -> None:
    viewer = user_make()
    organisation = organisation_make(viewer=viewer)
    client = client_of(viewer)
    session = client.session
    session["acting_organisation"] = organisation.pk
    session.save()
    form = {"url": "https://1.1.1.1/", "events": ["order.done"]}
    assert client.post("/account/webhooks/", form).status_code == 403
    assert not WebhookCursor.objects.exists()

"""The Python client against a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest
from ccmarket_client import (
    AsyncClient,
    Client,
    Credentials,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Refused,
)

from apps.accounts.models import User
from apps.accounts.services.api_keys import NewApiKey
from apps.registry.models import Retirement
from tests.support.factories import api_key_make, user_make
from tests.support.live import Live, live
from tests.support.registry import block_make, receive

__all__ = ["live"]

TONNE = 1_000_000


@pytest.fixture
def user(live: Live) -> User:
    return user_make()


@pytest.fixture
def credit(user: User) -> str:
    return receive(block_make(), user.owner).code


def credentials_of(key: NewApiKey) -> Credentials:
    return Credentials(key.api_key.key, key.secret, key.passphrase)


@pytest.fixture
def client(live: Live, user: User) -> Iterator[Client]:
    with Client(live.url, credentials_of(api_key_make(user))) as client:
        yield client


def test_from_a_project_to_a_certificate_that_anybody_verifies(
    live: Live, client: Client, credit: str
) -> None:
    [project] = client.projects()
    [vintage] = client.project(project.code).vintages
    assert vintage.credit == credit
    assert client.credit(credit).free == 10
    made = client.retire(credit, Decimal("1.25"), beneficiary="Somebody", message="Thanks")
    assert [one.number for one in client.retirements()] == [made.number]
    with Client(live.url) as anybody:
        assert anybody.certificate(made.number) == made
        found = anybody.certificate_verify(made.number)
        assert (found.is_right, found.problems) == (True, [])
        assert anybody.certificate_pdf(made.number).startswith(b"%PDF")
        [trace] = anybody.trace(made.citations[0].serial)
        assert trace.standing["retired"] == Decimal("1.25")


class LosesTheFirstAnswer(httpx.HTTPTransport):
    """Carries everything, and what comes back first is lost."""

    sent = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        self.sent += 1
        if self.sent == 1:
            response.close()
            raise httpx.ReadError("lost on the way")
        return response


def test_a_retirement_whose_answer_was_lost_is_done_once(
    live: Live, user: User, credit: str
) -> None:
    transport = LosesTheFirstAnswer()
    with Client(live.url, credentials_of(api_key_make(user)), transport=transport) as client:
        made = client.retire(credit, Decimal(1), beneficiary="Somebody")
    assert transport.sent == 2
    assert Retirement.objects.get().number == made.number


def test_refusals_are_told_apart(live: Live, user: User, client: Client, credit: str) -> None:
    with pytest.raises(Refused) as caught:
        client.retire(credit, Decimal(11), beneficiary="Somebody")
    assert caught.value.code == "insufficient_funds"
    with pytest.raises(NotFound):
        client.certificate("CCM-2026-0000000")
    with pytest.raises(Refused) as caught:
        client.mint(credit, 1, "0x" + "11" * 20)
    assert (caught.value.code, caught.value.field) == ("wallet_not_linked", "to_address")
    looks = credentials_of(api_key_make(user, scopes=["view"]))
    with Client(live.url, looks) as looking, pytest.raises(NotPermitted):
        looking.retire(credit, Decimal(1), beneficiary="Somebody")
    with Client(live.url) as stranger, pytest.raises(NotAuthenticated):
        stranger.retirements()


def test_webhooks_are_made_and_ended(client: Client) -> None:
    made = client.webhook_create("https://1.1.1.1/hook", ["order.fill"])
    assert made.secret
    assert client.webhook_rotate(made.id).secret != made.secret
    [listed] = client.webhooks()
    assert (listed.id, listed.secret) == (made.id, None)
    client.webhook_end(made.id)
    assert client.webhooks() == []


def test_the_one_that_awaits_does_the_same(live: Live, user: User, credit: str) -> None:
    key = credentials_of(api_key_make(user))

    async def run() -> Any:
        async with AsyncClient(live.url, key) as client:
            made = await client.retire(credit, Decimal("0.5"), beneficiary="Somebody")
            page = await client.credits(limit=1)
            tokens = await client.tokens()
            return made, page.items[0].code, tokens, await client.certificate_verify(made.number)

    # In a thread of its own: Playwright keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        made, code, tokens, verified = pool.submit(lambda: asyncio.run(run())).result()
    assert (made.amount, code, tokens) == (Decimal("0.5"), credit, [])
    assert verified.problems == []

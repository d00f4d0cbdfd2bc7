"""The same client with `await`. It has the methods of `Client`, in the same order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from ccmarket_client import calls, verification
from ccmarket_client.calls import Call
from ccmarket_client.errors import CcmarketError, TimedOut, TransportError, error_of
from ccmarket_client.models import (
    Certificate,
    Contract,
    Credit,
    MintRequest,
    Page,
    Project,
    Retirement,
    Token,
    Trace,
    Webhook,
)
from ccmarket_client.retrying import Retrying
from ccmarket_client.signing import Credentials
from ccmarket_client.verification import Verification

T = TypeVar("T")
PAGE: Final = 100
POLL_S: Final = 1.0


class AsyncClient:
    """ccmarket at `url`, as `Client` has it, for programs that await."""

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        timeout_s: float = 30.0,
        retrying: Retrying | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._credentials = credentials
        self._retrying = retrying or Retrying()
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout_s, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.aclose()

    # Projects and credits

    async def projects(
        self, text: str = "", *, country: str = "", limit: int = PAGE, after: str | None = None
    ) -> Page[Project]:
        """Projects by words of their name or proponent, and by country (ISO 3166-1 alpha-2)."""
        return await self._call(calls.projects(text, country, limit, after))

    async def project(self, code: str) -> Project:
        """One project with its vintages."""
        return await self._call(calls.project(code))

    async def credits(
        self, *, project: str = "", limit: int = PAGE, after: str | None = None
    ) -> Page[Credit]:
        """Credit classes, and where their tonnes are."""
        return await self._call(calls.credits(project, limit, after))

    async def credit(self, code: str) -> Credit:
        """One credit class."""
        return await self._call(calls.credit(code))

    # Retirement

    async def retire(
        self,
        credit: str,
        amount: Decimal,
        *,
        beneficiary: str,
        message: str = "",
        key: str | None = None,
        wait_s: float = 0,
    ) -> Certificate:
        """Consumes so many tonnes for good. The certificate stands at once.

        Registries retire whole tonnes and take days to confirm: `wait_s` waits for that as well,
        and raises TimedOut when it has not come by then.
        """
        made = await self._call(calls.retire(credit, amount, beneficiary, message, key))
        return await self.certificate_wait(made.number, timeout_s=wait_s) if wait_s else made

    async def retirements(self, *, limit: int = PAGE, after: str | None = None) -> Page[Retirement]:
        """One's own, newest first."""
        return await self._call(calls.retirements(limit, after))

    async def certificate(self, number: str) -> Certificate:
        """A certificate, for anybody who has its number."""
        return await self._call(calls.certificate(number))

    async def certificate_wait(self, number: str, *, timeout_s: float) -> Certificate:
        """The certificate once the registry has confirmed it."""
        return await self._until(
            lambda: self.certificate(number),
            lambda found: found.registry_confirmed_at is not None,
            timeout_s,
        )

    async def certificate_pdf(self, number: str) -> bytes:
        """The same on paper."""
        call: Call[None] = Call("GET", f"/certificates/{number}.pdf", lambda *_: None)
        return (await self._answer(call)).content

    async def certificate_verify(self, number: str) -> Verification:
        """Holds a certificate against itself and against the public trace of every serial."""
        found = await self.certificate(number)
        traces = {
            citation.serial: await self.trace(citation.serial) for citation in found.citations
        }
        return verification.verify(found, traces)

    async def trace(self, serial: str) -> list[Trace]:
        """Where the tonnes of a serial number are, and what happened to them."""
        return await self._call(calls.trace(serial))

    # NFTs

    async def contract(self) -> Contract:
        """Where NFTs are, and the account's tag there."""
        return await self._call(calls.contract())

    async def tokens(self) -> list[Token]:
        """The NFTs in the account's linked wallets."""
        return await self._call(calls.tokens())

    async def mint(
        self,
        credit: str,
        tonnes: int,
        to_address: str,
        *,
        key: str | None = None,
        wait_s: float = 0,
    ) -> MintRequest:
        """Takes whole tonnes out to a linked wallet. `wait_s` waits until that is over."""
        made = await self._call(calls.mint(credit, tonnes, to_address, key))
        return await self.mint_wait(made.id, timeout_s=wait_s) if wait_s else made

    async def mint_request(self, request_id: str) -> MintRequest:
        """How far it is."""
        return await self._call(calls.mint_request(request_id))

    async def mint_wait(self, request_id: str, *, timeout_s: float) -> MintRequest:
        """The request once all of its mints are over. Raises TimedOut."""
        return await self._until(
            lambda: self.mint_request(request_id), lambda found: found.is_over, timeout_s
        )

    # Webhooks

    async def webhooks(self) -> list[Webhook]:
        """Those that are told."""
        return await self._call(calls.webhooks())

    async def webhook_create(
        self, url: str, events: list[str], *, key: str | None = None
    ) -> Webhook:
        """Has a server told of events. The secret is in this answer only."""
        return await self._call(calls.webhook_create(url, events, key))

    async def webhook_rotate(self, webhook_id: str, *, key: str | None = None) -> Webhook:
        """Another secret; for a day both sign."""
        return await self._call(calls.webhook_rotate(webhook_id, key))

    async def webhook_end(self, webhook_id: str) -> None:
        """Nothing is sent there any more."""
        await self._call(calls.webhook_end(webhook_id))

    # How

    async def _call(self, call: Call[T]) -> T:
        answer = await self._answer(call)
        body = answer.json() if answer.content else None
        return call.read(body, answer.headers)

    async def _answer(self, call: Call[Any]) -> httpx.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._once(call)
            except CcmarketError as error:
                wait_s = self._retrying.wait_s(call, error, attempt)
                if wait_s is None:
                    raise
            await asyncio.sleep(wait_s)

    async def _once(self, call: Call[Any]) -> httpx.Response:
        headers = call.headers
        if self._credentials is not None:
            headers |= self._credentials.headers(call.method, call.path, call.content)
        try:
            answer = await self._http.request(
                call.method, call.path, content=call.content, headers=headers
            )
        except httpx.TransportError as error:
            raise TransportError(str(error) or type(error).__name__) from error
        if answer.is_success:
            return answer
        raise error_of(answer.status_code, answer.headers, answer.content)

    async def _until(
        self, look: Callable[[], Awaitable[T]], is_it: Callable[[T], bool], timeout_s: float
    ) -> T:
        end_s = time.monotonic() + timeout_s
        while not is_it(found := await look()):
            if time.monotonic() + POLL_S > end_s:
                raise TimedOut(f"It has not happened within {timeout_s:g} seconds.")
            await asyncio.sleep(POLL_S)
        return found

"""The client that waits for its answers."""

from __future__ import annotations

import time
from collections.abc import Callable
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


class Client:
    """ccmarket at `url`. Without credentials it sees what is public.

    A request that fails on the way is sent again. What changes something has an Idempotency-Key and
    is carried out once; give `key` yourself to have that across restarts of a program.
    Raises ApiError for what the API refuses and TransportError where no answer came.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        timeout_s: float = 30.0,
        retrying: Retrying | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._credentials = credentials
        self._retrying = retrying or Retrying()
        self._http = httpx.Client(base_url=url, timeout=timeout_s, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._http.close()

    # Projects and credits

    def projects(
        self, text: str = "", *, country: str = "", limit: int = PAGE, after: str | None = None
    ) -> Page[Project]:
        """Projects by words of their name or proponent, and by country (ISO 3166-1 alpha-2)."""
        return self._call(calls.projects(text, country, limit, after))

    def project(self, code: str) -> Project:
        """One project with its vintages."""
        return self._call(calls.project(code))

    def credits(
        self, *, project: str = "", limit: int = PAGE, after: str | None = None
    ) -> Page[Credit]:
        """Credit classes, and where their tonnes are."""
        return self._call(calls.credits(project, limit, after))

    def credit(self, code: str) -> Credit:
        """One credit class."""
        return self._call(calls.credit(code))

    # Retirement

    def retire(
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
        made = self._call(calls.retire(credit, amount, beneficiary, message, key))
        return self.certificate_wait(made.number, timeout_s=wait_s) if wait_s else made

    def retirements(self, *, limit: int = PAGE, after: str | None = None) -> Page[Retirement]:
        """One's own, newest first."""
        return self._call(calls.retirements(limit, after))

    def certificate(self, number: str) -> Certificate:
        """A certificate, for anybody who has its number."""
        return self._call(calls.certificate(number))

    def certificate_wait(self, number: str, *, timeout_s: float) -> Certificate:
        """The certificate once the registry has confirmed it."""
        return self._until(
            lambda: self.certificate(number),
            lambda found: found.registry_confirmed_at is not None,
            timeout_s,
        )

    def certificate_pdf(self, number: str) -> bytes:
        """The same on paper."""
        return self._answer(Call("GET", f"/certificates/{number}.pdf", lambda *_: None)).content

    def certificate_verify(self, number: str) -> Verification:
        """Holds a certificate against itself and against the public trace of every serial."""
        found = self.certificate(number)
        traces = {citation.serial: self.trace(citation.serial) for citation in found.citations}
        return verification.verify(found, traces)

    def trace(self, serial: str) -> list[Trace]:
        """Where the tonnes of a serial number are, and what happened to them."""
        return self._call(calls.trace(serial))

    # NFTs

    def contract(self) -> Contract:
        """Where NFTs are, and the account's tag there."""
        return self._call(calls.contract())

    def tokens(self) -> list[Token]:
        """The NFTs in the account's linked wallets."""
        return self._call(calls.tokens())

    def mint(
        self,
        credit: str,
        tonnes: int,
        to_address: str,
        *,
        key: str | None = None,
        wait_s: float = 0,
    ) -> MintRequest:
        """Takes whole tonnes out to a linked wallet. `wait_s` waits until that is over."""
        made = self._call(calls.mint(credit, tonnes, to_address, key))
        return self.mint_wait(made.id, timeout_s=wait_s) if wait_s else made

    def mint_request(self, request_id: str) -> MintRequest:
        """How far it is."""
        return self._call(calls.mint_request(request_id))

    def mint_wait(self, request_id: str, *, timeout_s: float) -> MintRequest:
        """The request once all of its mints are over. Raises TimedOut."""
        return self._until(
            lambda: self.mint_request(request_id), lambda found: found.is_over, timeout_s
        )

    # Webhooks

    def webhooks(self) -> list[Webhook]:
        """Those that are told."""
        return self._call(calls.webhooks())

    def webhook_create(self, url: str, events: list[str], *, key: str | None = None) -> Webhook:
        """Has a server told of events. The secret is in this answer only."""
        return self._call(calls.webhook_create(url, events, key))

    def webhook_rotate(self, webhook_id: str, *, key: str | None = None) -> Webhook:
        """Another secret; for a day both sign."""
        return self._call(calls.webhook_rotate(webhook_id, key))

    def webhook_end(self, webhook_id: str) -> None:
        """Nothing is sent there any more."""
        self._call(calls.webhook_end(webhook_id))

    # How

    def _call(self, call: Call[T]) -> T:
        answer = self._answer(call)
        body = answer.json() if answer.content else None
        return call.read(body, answer.headers)

    def _answer(self, call: Call[Any]) -> httpx.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(call)
            except CcmarketError as error:
                wait_s = self._retrying.wait_s(call, error, attempt)
                if wait_s is None:
                    raise
            time.sleep(wait_s)

    def _once(self, call: Call[Any]) -> httpx.Response:
        headers = call.headers
        if self._credentials is not None:
            headers |= self._credentials.headers(call.method, call.path, call.content)
        try:
            answer = self._http.request(
                call.method, call.path, content=call.content, headers=headers
            )
        except httpx.TransportError as error:
            raise TransportError(str(error) or type(error).__name__) from error
        if answer.is_success:
            return answer
        raise error_of(answer.status_code, answer.headers, answer.content)

    def _until(self, look: Callable[[], T], is_it: Callable[[T], bool], timeout_s: float) -> T:
        end_s = time.monotonic() + timeout_s
        while not is_it(found := look()):
            if time.monotonic() + POLL_S > end_s:
                raise TimedOut(f"It has not happened within {timeout_s:g} seconds.")
            time.sleep(POLL_S)
        return found

"""`python -m tests.walk.kills`: orders keep coming while processes of the running demo are killed.

Clients repeat what got no answer, by client order id. In between, web, engine and PostgreSQL are
killed as by `kill -9`; the supervisor starts them again. Afterwards every acknowledged order must
be there exactly once, and every invariant must hold.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests

from ccmarket.demo.client import ApiClient, ApiRefusal
from ccmarket.embedded.layout import MANAGE, Layout
from ccmarket.embedded.records import record_read
from tests.walk.site import Site, check

VICTIMS = ("web", "engine", "postgres")
ROUNDS = 3
# A web process takes a while to be back; orders must flow before the next is killed.
BETWEEN_KILLS_S = 15
CLIENTS = 4
PRODUCT = "CC-USDC"
RETRY_S = 0.2
GIVE_UP_S = 120


@dataclass
class Client:
    """Places small orders far below the market, one after the other, and remembers the answers."""

    api: ApiClient
    stop: threading.Event
    placed: dict[str, str] = field(default_factory=dict)
    repeats: int = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self._place(str(uuid.uuid4()))

    def _place(self, client_oid: str) -> None:
        body = {
            "client_oid": client_oid,
            "product_id": PRODUCT,
            "side": "buy",
            "type": "limit",
            "price": f"0.{random.randint(100, 999)}",
            "size": "0.001",
        }
        deadline = time.monotonic() + GIVE_UP_S
        while time.monotonic() < deadline:
            try:
                self.placed[client_oid] = self.api.call("POST", "/orders", body)["id"]
            except (requests.RequestException, ApiRefusal):
                self.repeats += 1
                time.sleep(RETRY_S)
            else:
                return
        raise AssertionError(f"{client_oid} got no answer in {GIVE_UP_S} s")


def main() -> int:
    site = Site.read()
    user = site.users["individual_one"]
    api = ApiClient(site.base_url, user["api_key"], user["api_secret"], user["passphrase"])
    api.call("DELETE", "/orders")
    clients = keep_ordering(site, user)
    placed = {oid: order for client in clients for oid, order in client.placed.items()}
    print(f"{len(placed)} orders acknowledged, {sum(c.repeats for c in clients)} requests repeated")
    check("orders that two client order ids share", len(placed) - len(set(placed.values())), 0)
    decided(api, len(placed))
    check(
        "acknowledged orders that are not in the book", set(placed.values()) - standing(api), set()
    )
    check(
        "orders in the book that nobody acknowledged", standing(api) - set(placed.values()), set()
    )
    api.call("DELETE", "/orders")
    done = subprocess.run([sys.executable, str(MANAGE), "check_invariants"], check=False)
    check("exit code of check_invariants", done.returncode, 0)
    return 0


def keep_ordering(site: Site, user: dict[str, str]) -> list[Client]:
    """Clients order while the processes are killed one by one."""
    stop = threading.Event()
    clients = [
        Client(
            ApiClient(site.base_url, user["api_key"], user["api_secret"], user["passphrase"]), stop
        )
        for _ in range(CLIENTS)
    ]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for victim in VICTIMS * ROUNDS:
        time.sleep(BETWEEN_KILLS_S)
        kill(victim)
    time.sleep(BETWEEN_KILLS_S)
    stop.set()
    for thread in threads:
        thread.join()
    return clients


def kill(name: str) -> None:
    """The process that the supervisor wrote down under that name."""
    record = record_read(Layout.default().run / f"{name}.json")
    process = record.find() if record else None
    assert process is not None, f"{name} does not run"
    process.kill()
    print(f"  killed {name} ({process.pid})")


def decided(api: ApiClient, orders: int) -> None:
    """Gives the engine time to come back and decide what was accepted while it was away."""
    deadline = time.monotonic() + GIVE_UP_S
    while len(standing(api)) < orders and time.monotonic() < deadline:
        time.sleep(1)


def standing(api: ApiClient) -> set[str]:
    """The ids of the account's open orders."""
    return {row["id"] for row in api.listing(f"/orders?product_id={PRODUCT}&status=open")}


if __name__ == "__main__":
    sys.exit(main())

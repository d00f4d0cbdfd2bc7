"""One of everything that the API can be asked for, and a request for each of its operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from apps.accounts.acting import RETIRE, TRADE, TRANSFER, VIEW
from apps.accounts.models import (
    Asset,
    Invoice,
    Organisation,
    Owner,
    Transfer,
    User,
    WebhookEvent,
    WebhookMessage,
)
from apps.accounts.services.gifts import gift_create, gift_link
from apps.accounts.services.sub_accounts import sub_account_open
from apps.accounts.webhooks.endpoints import webhook_create
from apps.accounts.webhooks.outbox import webhook_event_record
from apps.nft.models import AnchorLeaf, Chain, DayAnchor
from apps.nft.selectors.balances import balances_now
from apps.nft.services.anchors import day_write
from apps.orderbook.ids import account_uuid, order_uuid, profile_uuid, transfer_uuid
from apps.orderbook.models import BulkCertificate, BulkExecution, BulkOrder, Product
from apps.orderbook.services.bulk_approvals import bulk_order_execute
from apps.orderbook.services.bulk_orders import bulk_order_create, bulk_order_pause
from apps.orderbook.services.bulk_work import bulk_work
from apps.orderbook.services.commands import switch_set
from apps.registry.services.retirements import retirement_create
from apps.registry.services.withdrawals import withdrawal_request
from tests.support.factories import asset_make, fund, organisation_make, user_make
from tests.support.markets import TONNE, UNIT, fill_write, limit_place, order_rest, product_make
from tests.support.quotes import answered, asked, opened, permit
from tests.support.registry import block_make, receive
from tests.support.verifications import verify

PUBLIC = ""
NAME = "VCS_1987_2023-CC"
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Call:
    """A request that succeeds, and the scope it needs. `owned` names something of the owner's."""

    path: str
    scope: str = PUBLIC
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    owned: bool = False
    # Where only a chain could make it succeed: how it is refused.
    refused: int | None = None


@dataclass(frozen=True)
class World:
    """`calls` by "METHOD /path" as the description has them."""

    organisation: Organisation
    boss: User
    product: Product
    calls: dict[str, Call]

    @property
    def owner(self) -> Owner:
        return self.organisation.owner


def world_make() -> World:
    boss = user_make()
    organisation = verify(organisation_make(by=boss))
    owner = organisation.owner
    block = block_make()
    credit_class = receive(block, owner)
    product = product_make(credit_class.code, "CC", maker_bps=10, taker_bps=20)
    fund(owner, product.quote, 1_000 * UNIT)
    usual = {"owner": owner, "user": boss, "credit_class": credit_class}
    retirement = retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=1_500_000,
        beneficiary="Somebody",
        idempotency_key="r",
    )
    withdrawal = withdrawal_request(
        tonnes=1, registry_account="1034", account_name="Me", idempotency_key="w", **usual
    )
    resting = order_rest(product, owner, client_oid="mine-0", size=2 * TONNE)
    fill_write(resting, order_rest(product, side=1), size=TONNE, number=1)
    order_rest(product, owner, client_oid="mine-1", price=2 * UNIT)
    limit_place(product, owner, client_oid="mine-2")
    switch_set(owner=owner, user=boss, timeout_s=600, product=product)
    hook = webhook_create(
        owner=owner, user=boss, url="https://203.0.113.7/", events=[WebhookEvent.DEPOSIT]
    ).endpoint
    with transaction.atomic():
        data = {"currency": "CC", "amount": "5"}
        webhook_event_record(owner=owner, event=WebhookEvent.DEPOSIT, data=data)
    message = WebhookMessage.objects.latest("pk")
    balance = owner.balances.get(asset=product.quote)
    names = {
        "account": account_uuid(balance.pk),
        "order": order_uuid(resting.pk),
        "transfer": transfer_uuid(Transfer.objects.filter(to_balance=balance).latest("pk").pk),
        "webhook": hook.public_id,
        "message": message,
        "withdrawal": withdrawal.public_id,
        "number": retirement.number,
        "credit": credit_class.code,
        "project": credit_class.project.code,
        "serial": block.serial,
        "day": anchor_make(retirement.number).day,
    }
    asset_make("USDC", kind="cash")
    to = {"asset": product.quote, "amount": UNIT, "to": "somebody@example.org"}
    names["invoice"] = invoice_make(owner, product.quote).number
    names["gift"] = gift_create(owner=owner, idempotency_key="g", **to).public_id
    giver = user_make().owner
    fund(giver, product.quote, UNIT)
    names["link"] = gift_link(gift_create(owner=giver, idempotency_key="g", **to))
    names["bulk_refused"] = bulk_order_refused(owner, boss, product).public_id
    names["bulk_order"] = bulk_order_planned(owner, boss, product).public_id
    planned = bulk_order_planned(owner, boss, product)
    names["bulk_planned"], names["bulk_plan"] = planned.public_id, planned.plans.get().pk
    names["bulk_running"] = bulk_order_running(owner, boss, product).public_id
    BulkCertificate.objects.create(
        execution=BulkExecution.objects.get(), number="CCB-2026-0000001", grams=TONNE
    )
    paused = bulk_order_pause(order=bulk_order_running(owner, boss, product), by=boss)
    names["bulk_paused"] = paused.public_id
    names |= _quotes(owner, boss, product)
    names |= _profiles(organisation, boss)
    return World(organisation, boss, product, _calls(names))


def _quotes(owner: Owner, boss: User, product: Product) -> dict[str, Any]:
    """Requests that the owner asked and may answer, and quotes of either side."""
    seller, asker = user_make(), user_make()
    fund(seller.owner, product.base, 10 * TONNE)
    for one in (seller.owner, owner):
        permit(one)
    requests = [asked(bulk_order_planned(owner, boss, product), boss) for _ in range(2)]
    quote = answered(requests[0], seller.owner, (product, 1, 2, 1))
    opened(requests[0])
    others = [asked(bulk_order_planned(asker.owner, asker, product), asker) for _ in range(2)]
    mine = answered(others[0], owner, (product, 2, 1), by=boss)
    return {
        "quote_request": requests[0].public_id,
        "quote_request_open": requests[1].public_id,
        "quote_taken": quote.public_id,
        "quote_mine": mine.public_id,
        "to_answer": others[1].public_id,
        "to_quote": bulk_order_planned(owner, boss, product).public_id,
        "deadline": others[1].deadline,
    }


def _profiles(organisation: Organisation, boss: User) -> dict[str, Any]:
    """The main account, a sub-account, and one to close."""
    fleet, travel = (
        sub_account_open(organisation=organisation, name=name, by=boss)
        for name in ("Fleet", "Travel")
    )
    accounts = {"main": organisation.owner, "profile": fleet, "profile_left": travel}
    return {name: str(profile_uuid(account.pk)) for name, account in accounts.items()}


def anchor_make(number: str) -> DayAnchor:
    """A day whose record has one retirement, and all balances."""
    Chain.objects.create(chain_id=settings.CHAIN_ID, genesis_hash="0x" + "11" * 32)
    content = '{"at":"2026-01-01T12:00:00.000000Z","grams":1500000}'
    leaf = AnchorLeaf(kind="retirement", name=number, content=content)
    return day_write(day=date(2026, 1, 1), leaves=[leaf], balances=balances_now())


def invoice_make(owner: Owner, asset: Asset) -> Invoice:
    """For fees of one market."""
    invoice = Invoice.objects.create(
        number=1,
        owner=owner,
        asset=asset,
        month=date(2026, 1, 1),
        total=1_190_000,
        tax=190_000,
        tax_bps=1900,
        seller_name="ccmarket",
        buyer_name=str(owner),
    )
    invoice.lines.create(kind="trading", market=NAME, count=2, amount=1_190_000)
    return invoice


def bulk_order_planned(owner: Owner, by: User, product: Product) -> BulkOrder:
    """An order with a plan that leaves some of it open."""
    order_rest(product, side=1, size=2 * TONNE)
    lines = b"tonnes,beneficiary,vintage_from\n1.5,Somebody,\n2,Somebody,2030\n"
    order = bulk_order_create(
        owner=owner, by=by, file=ContentFile(lines, "lines.csv"), name="Travel", quote=product.quote
    )
    bulk_work(order_id=order.pk)
    order.refresh_from_db()
    assert order.state == BulkOrder.State.PLANNED, order.failure_code
    return order


def bulk_order_refused(owner: Owner, by: User, product: Product) -> BulkOrder:
    """An order with a line to correct."""
    file = ContentFile(b"tonnes,beneficiary\n-1,Somebody\n", "lines.csv")
    order = bulk_order_create(owner=owner, by=by, file=file, name="Travel", quote=product.quote)
    bulk_work(order_id=order.pk)
    return order


def bulk_order_running(owner: Owner, by: User, product: Product) -> BulkOrder:
    """An order that is being carried out."""
    order = bulk_order_planned(owner, by, product)
    plan = order.plans.get()
    bulk_order_execute(order=order, by=by, plan_id=plan.pk, total_max=plan.cost)
    return order


def _key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": f"mine-{name}"}


def _calls(names: Mapping[str, Any]) -> dict[str, Call]:
    order = {"product_id": NAME, "side": "buy", "price": "1.25", "size": "2", "client_oid": "mine"}
    ask_quotes = {
        "bulk_order_id": str(names["to_quote"]),
        "deadline": names["deadline"].isoformat(),
    }
    quoted = f"/quote-requests/{names['quote_request']}"
    choose = {"lines": [{"quote_id": str(names["quote_taken"]), "line": 1, "size": "1.5"}]}
    answer = {
        "quote_request_id": str(names["to_answer"]),
        "valid_until": (names["deadline"] + timedelta(hours=1)).isoformat(),
        "lines": [{"product_id": NAME, "size": "1", "size_min": "0.5", "price": "2.5"}],
    }
    account, hook = f"/accounts/{names['account']}", f"/webhooks/{names['webhook']}"
    retire = {"credit": names["credit"], "amount": "1.25", "beneficiary": "Somebody"}
    withdraw = {
        "credit": names["credit"],
        "tonnes": 1,
        "registry_account": "1034",
        "account_name": "Me",
    }
    mint = {"credit_class": names["credit"], "tonnes": 1, "to_address": "0x" + "11" * 20}
    coins = {"currency": "USDC", "amount": "5", "to_address": "0x" + "11" * 20}
    new_hook = {"url": "https://1.1.1.1/hook", "events": ["order.fill", "order.done"]}
    batch = {"requests": [{"place": {**order, "client_oid": "b"}}, {"cancel": {"id": NOBODY}}]}
    mine, order_path = {"scope": VIEW, "owned": True}, f"/orders/{names['order']}"
    market, bulk_path = f"/products/{NAME}", f"/bulk-orders/{names['bulk_order']}"
    planned, running, paused = (
        f"/bulk-orders/{names[name]}" for name in ("bulk_planned", "bulk_running", "bulk_paused")
    )
    execute = {
        "plan_id": names["bulk_plan"],
        "total_max": "1.6",
        "keep": "hold",
        "deadline": names["deadline"].isoformat(),
        "limit_price": "1.5",
        "visible_bps": 2_500,
        "at_deadline": "buy",
    }
    line = {"tonnes": "12.5", "beneficiary": "Somebody", "vintage_from": "2020"}
    bulk = {"name": "Travel in 2025", "quote": "CC", "lines": [line], "total_max": "500"}
    profile, profile_left = (f"/profiles/{names[name]}" for name in ("profile", "profile_left"))
    move = {"from": names["main"], "to": names["profile"], "currency": "CC", "amount": "12.5"}
    give = {"currency": "CC", "amount": "2.5", "to": "somebody@example.org", "message": "Thanks"}
    claim = {"link": names["link"]}
    return {
        "GET /time": Call("/time"),
        "GET /invoices": Call("/invoices", VIEW),
        "GET /invoices/{number}": Call(f"/invoices/{names['invoice']}", **mine),
        "GET /currencies": Call("/currencies"),
        "GET /currencies/{currency}": Call("/currencies/CC"),
        "GET /products": Call("/products"),
        "GET /products/spark-lines": Call("/products/spark-lines"),
        "GET /products/{product}": Call(market),
        "GET /products/{product}/book": Call(f"{market}/book?level=2"),
        "GET /products/{product}/ticker": Call(f"{market}/ticker"),
        "GET /products/{product}/trades": Call(f"{market}/trades"),
        "GET /products/{product}/candles": Call(f"{market}/candles?granularity=3600"),
        "GET /products/{product}/stats": Call(f"{market}/stats"),
        "GET /accounts": Call("/accounts", VIEW),
        "GET /accounts/{account}": Call(account, **mine),
        "GET /accounts/{account}/ledger": Call(f"{account}/ledger", **mine),
        "GET /accounts/{account}/holds": Call(f"{account}/holds", **mine),
        "GET /accounts/{account}/transfers": Call(f"{account}/transfers", **mine),
        "GET /profiles": Call("/profiles", VIEW),
        "POST /profiles": Call("/profiles", TRANSFER, {"name": "Logistics"}, _key("profile")),
        "POST /profiles/transfer": Call(
            "/profiles/transfer", TRANSFER, move, _key("move"), owned=True
        ),
        "GET /profiles/{profile}": Call(profile, **mine),
        "PUT /profiles/{profile}": Call(profile, TRANSFER, {"name": "Vehicles"}, owned=True),
        "PUT /profiles/{profile}/deactivate": Call(
            f"{profile_left}/deactivate", TRANSFER, {"to": names["main"]}, owned=True
        ),
        "GET /transfers": Call("/transfers", VIEW),
        "GET /transfers/{transfer}": Call(f"/transfers/{names['transfer']}", **mine),
        "GET /orders": Call("/orders", VIEW),
        "POST /orders": Call("/orders", TRADE, order),
        "GET /orders/{order}": Call(order_path, **mine),
        "PUT /orders/{order}": Call(order_path, TRADE, {"size": "1.5"}, owned=True),
        "DELETE /orders/{order}": Call(order_path, TRADE, owned=True),
        "GET /orders/client:{client_oid}": Call("/orders/client:mine-0", **mine),
        "DELETE /orders/client:{client_oid}": Call("/orders/client:mine-1", TRADE, owned=True),
        "POST /orders/batch": Call("/orders/batch", TRADE, batch),
        "GET /orders/cancel_all_after": Call("/orders/cancel_all_after", VIEW),
        "POST /orders/cancel_all_after": Call("/orders/cancel_all_after", TRADE, {"timeout_s": 60}),
        "DELETE /orders": Call("/orders", TRADE),
        "GET /bulk-orders": Call("/bulk-orders", VIEW),
        "POST /bulk-orders": Call("/bulk-orders", TRADE, bulk, _key("bulk")),
        "GET /bulk-orders/{bulk_order}": Call(bulk_path, **mine),
        "POST /bulk-orders/{bulk_order}/plan": Call(f"{bulk_path}/plan", TRADE, {}, owned=True),
        "POST /bulk-orders/{bulk_order}/execution": Call(
            f"{planned}/execution", TRADE, execute, owned=True
        ),
        "GET /bulk-orders/{bulk_order}/execution": Call(f"{running}/execution", **mine),
        "POST /bulk-orders/{bulk_order}/pause": Call(f"{running}/pause", TRADE, {}, owned=True),
        "POST /bulk-orders/{bulk_order}/resume": Call(f"{paused}/resume", TRADE, {}, owned=True),
        "GET /bulk-orders/{bulk_order}/report": Call(
            f"/bulk-orders/{names['bulk_refused']}/report", **mine
        ),
        "GET /bulk-orders/{bulk_order}/lines": Call(f"{running}/lines", **mine),
        "GET /bulk-orders/{bulk_order}/certificates": Call(f"{running}/certificates", **mine),
        "DELETE /bulk-orders/{bulk_order}": Call(bulk_path, TRADE, owned=True),
        "GET /quote-requests": Call("/quote-requests", VIEW),
        "POST /quote-requests": Call("/quote-requests", TRADE, ask_quotes, owned=True),
        "GET /quote-requests/{quote_request}": Call(quoted, **mine),
        "DELETE /quote-requests/{quote_request}": Call(
            f"/quote-requests/{names['quote_request_open']}", TRADE, owned=True
        ),
        "GET /quote-requests/{quote_request}/quotes": Call(f"{quoted}/quotes", **mine),
        "POST /quote-requests/{quote_request}/plan": Call(
            f"{quoted}/plan", TRADE, choose, owned=True
        ),
        "GET /quotes": Call("/quotes", VIEW),
        "POST /quotes": Call("/quotes", TRADE, answer, owned=True),
        "GET /quotes/{quote}": Call(f"/quotes/{names['quote_mine']}", **mine),
        "DELETE /quotes/{quote}": Call(f"/quotes/{names['quote_mine']}", TRADE, owned=True),
        "GET /gifts": Call("/gifts", VIEW),
        "POST /gifts": Call("/gifts", TRANSFER, give, _key("gifts")),
        "GET /gifts/{gift}": Call(f"/gifts/{names['gift']}", **mine),
        "DELETE /gifts/{gift}": Call(f"/gifts/{names['gift']}", TRANSFER, owned=True),
        "POST /gifts/claim": Call("/gifts/claim", TRANSFER, claim, _key("claim")),
        "GET /fills": Call(f"/fills?product_id={NAME}", VIEW),
        "GET /fees": Call("/fees", VIEW),
        "GET /projects": Call("/projects"),
        "GET /projects/{code}": Call(f"/projects/{names['project']}"),
        "GET /credits": Call("/credits"),
        "GET /credits/{code}": Call(f"/credits/{names['credit']}"),
        "GET /types": Call("/types"),
        "GET /labels": Call("/labels"),
        "GET /ratings": Call("/ratings"),
        "GET /serials/{serial}": Call(f"/serials/{names['serial']}"),
        "GET /retirements": Call("/retirements", VIEW),
        "POST /retirements": Call("/retirements", RETIRE, retire, _key("retirements")),
        "GET /certificates/{number}": Call(f"/certificates/{names['number']}"),
        "GET /withdrawals": Call("/withdrawals", VIEW),
        "POST /withdrawals": Call("/withdrawals", TRANSFER, withdraw, _key("withdrawals")),
        "GET /withdrawals/{withdrawal}": Call(f"/withdrawals/{names['withdrawal']}", **mine),
        "DELETE /withdrawals/{withdrawal}": Call(
            f"/withdrawals/{names['withdrawal']}", TRANSFER, owned=True
        ),
        "GET /anchors": Call("/anchors"),
        "GET /anchors/{day}": Call(f"/anchors/{names['day']}"),
        "GET /anchors/{day}/proof": Call(
            f"/anchors/{names['day']}/proof?kind=retirement&name={names['number']}"
        ),
        "GET /anchors/{day}/balances": Call(f"/anchors/{names['day']}/balances", VIEW),
        "GET /coins": Call("/coins", VIEW, refused=404),
        "GET /coins/deposits": Call("/coins/deposits", VIEW),
        "GET /coins/withdrawals": Call("/coins/withdrawals", VIEW),
        "POST /coins/withdrawals": Call(
            "/coins/withdrawals", TRANSFER, coins, _key("coins"), refused=400
        ),
        "GET /coins/withdrawals/{withdrawal}": Call(
            f"/coins/withdrawals/{NOBODY}", VIEW, owned=True, refused=404
        ),
        "GET /nft/contract": Call("/nft/contract", VIEW, refused=404),
        "GET /nft/tokens": Call("/nft/tokens", VIEW),
        "POST /nft/mints": Call("/nft/mints", TRANSFER, mint, _key("mints"), refused=400),
        "GET /nft/mints/{mint}": Call(f"/nft/mints/{NOBODY}", VIEW, owned=True, refused=404),
        "GET /webhooks": Call("/webhooks", VIEW),
        "POST /webhooks": Call("/webhooks", TRADE, new_hook, _key("webhooks")),
        "GET /webhooks/{webhook}": Call(hook, **mine),
        "GET /webhooks/{webhook}/messages": Call(f"{hook}/messages", **mine),
        "POST /webhooks/{webhook}/messages/{message}/replay": Call(
            f"{hook}/messages/{names['message']}/replay", TRADE, {}, owned=True
        ),
        "POST /webhooks/{webhook}/rotate": Call(f"{hook}/rotate", TRADE, {}, owned=True),
        "DELETE /webhooks/{webhook}": Call(hook, TRADE, owned=True),
    }

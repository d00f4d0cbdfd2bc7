"""Companies with bulk orders to carry out, and books with real credits on offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection
from django.test import Client

from apps.accounts.acting import SESSION_KEY
from apps.accounts.ledger.models import Balance
from apps.accounts.models import Organisation, Owner, User
from apps.accounts.services.spending import spending_set
from apps.orderbook.models import BulkExecution, BulkOrder, BulkStep, Command, Product
from apps.orderbook.services.bulk_approvals import bulk_order_execute
from apps.orderbook.services.bulk_execution import bulk_execute
from apps.registry.models import CreditClass, Retirement
from tests.support.bulk_orders import UNIT, cash, file_of, planned, worked
from tests.support.engines import running, sell
from tests.support.factories import TONNE, client_of, fund, organisation_make, user_make
from tests.support.markets import product_make
from tests.support.registry import block_make, holder_make
from tests.support.verifications import verify

RICH = 10**12
WORKERS_MAX = 2_000


@dataclass(frozen=True)
class Company:
    """An organisation with a member of each role that matters here, and money."""

    organisation: Organisation
    boss: User
    trader: User
    approver: User
    viewer: User

    @property
    def owner(self) -> Owner:
        return self.organisation.owner

    def client(self, user: User) -> Client:
        """The member's browser, acting for the company."""
        client = client_of(user)
        session = client.session
        session[SESSION_KEY] = self.organisation.pk
        session.save()
        return client

    def bound(self, *, second_above: int | None = None, **up_to: int) -> None:
        """What its owner lets members spend, in whole units of cash."""
        spending_set(
            organisation=self.organisation,
            asset=cash(),
            by=self.boss,
            second_above=None if second_above is None else second_above * UNIT,
            up_to={role: amount * UNIT for role, amount in up_to.items()},
        )

    def order(self, *lines: dict[str, object], by: User | None = None) -> BulkOrder:
        """A planned order of the trader, or whoever brings it."""
        return planned(file_of(*lines), by=by or self.trader, owner=self.owner)


def company_make(*, money: int = RICH) -> Company:
    boss, trader, approver, viewer = (user_make() for _ in range(4))
    organisation = organisation_make(by=boss, trader=trader, approver=approver, viewer=viewer)
    verify(organisation)
    if money:
        fund(organisation.owner, cash(), money)
    return Company(organisation, boss, trader, approver, viewer)


def offer(first: int, year: int, *asks: tuple[int, int], **fields: int) -> CreditClass:
    """The market of a class whose holder sells (price, tonnes) of it. An engine has to run."""
    holder, credit_class = holder_make(block_make(first=first, tonnes=500, year=year))
    product = product_make(credit_class.code, quote=cash().code, **fields)
    for price, tonnes in asks:
        sell(product, holder, price * UNIT, tonnes * TONNE)
    return credit_class


def offered(*products: CreditClass) -> Iterator[Product]:
    """The markets of these classes."""
    yield from Product.objects.filter(base__in=[found.asset_id for found in products])


def ask_for(order: BulkOrder, by: User, *, total: int | None = None, **terms: Any) -> BulkExecution:
    """Asks to carry out the latest plan, for what it costs unless told."""
    plan = order.plans.latest("pk")
    total_max = plan.cost if total is None else total * UNIT
    return bulk_order_execute(order=order, by=by, plan_id=plan.pk, total_max=total_max, **terms)


def seller_of(credit_class: CreditClass) -> Owner:
    """Who holds what is not on offer yet of a class that `offer` made."""
    return Balance.objects.filter(asset=credit_class.asset).latest("available").owner


def carried_out(order: BulkOrder) -> BulkOrder:
    """What an engine and a worker make of an order that runs."""
    with running():
        return worked(order)


@contextmanager
def dying_at(statement: int) -> Iterator[None]:
    """The database goes away at the n-th statement of this worker, counted from 1."""
    left = statement

    def execute(do: Callable[..., Any], *rest: Any) -> Any:
        nonlocal left
        left -= 1
        if left <= 0:
            raise OperationalError("the worker is gone")
        return do(*rest)

    with connection.execute_wrapper(execute):
        yield


def carried_out_by_mortals(
    order: BulkOrder, *, is_over: Callable[[BulkOrder], bool] | None = None
) -> int:
    """Each worker dies one statement later than the one before; once something is written, the next
    one dies at once again: so one dies at every statement. How many it took until the order was
    over, or `is_over`."""
    statement, written = 0, _written(order)
    for worker in range(1, WORKERS_MAX):
        statement += 1
        try:
            with dying_at(statement):
                bulk_execute(order=order)
        except OperationalError:
            pass
        order.refresh_from_db()
        if order.state not in BulkOrder.WORK_STATES or (is_over and is_over(order)):
            return worker
        if (now := _written(order)) != written:
            statement, written = 0, now
    raise AssertionError(f"{order.state} after {WORKERS_MAX} workers")


def _written(order: BulkOrder) -> tuple[int, ...]:
    """How far the rows say that it is."""
    steps = BulkStep.objects.filter(execution__order=order)
    return (
        Command.objects.filter(owner=order.owner).count(),
        steps.count(),
        steps.filter(over_at__isnull=False).count(),
        steps.filter(allotted_at__isnull=False).count(),
        Retirement.objects.filter(owner=order.owner).count(),
    )

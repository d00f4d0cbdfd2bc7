"""Staff's lists on large tables: every page, filter and search is a short walk along an index."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts import models as accounts
from apps.accounts.admin.lists import PAGES_MAX, LongList, LongPaginator
from apps.accounts.models import User
from apps.accounts.units import GRAMS_PER_TONNE
from apps.nft import models as nft
from apps.orderbook import models as orderbook
from apps.orderbook.ids import order_uuid
from apps.registry import models as registry
from apps.registry.models import SerialBlock
from apps.registry.serials import parse
from tests.support.factories import client_of
from tests.support.filling import fill, triggers_off
from tests.support.plans import slow_steps
from tests.support.verra import serial

ROWS = 20_000
HASH = "0x" + "ab" * 32
UUID = "123e4567-e89b-42d3-a456-426614174000"
# Neither a serial nor a project: where that is looked up first, the rows need not be asked for.
UNKNOWN = "anything"

# What people type into the search of each long list.
SEARCHES: dict[type[Model], tuple[str, ...]] = {
    accounts.User: ("person-1", "A name", "nobody@example.com"),
    accounts.Organisation: ("Acme",),
    accounts.Owner: ("person-1", "fees", "RF"),
    accounts.ApiKey: ("key", "person-1"),
    accounts.Wallet: ("0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B", "person-1"),
    accounts.Balance: ("COD1", "person-1"),
    accounts.Transfer: ("77",),
    accounts.HistoryEntry: ("person-1@example.com",),
    accounts.Invoice: ("77", UNKNOWN),
    registry.SerialBlock: (serial(5, 7), "COD1", UNKNOWN),
    registry.RegistryEntry: (serial(5, 7), "COD1", "a reference"),
    registry.ImportRefusal: (),
    registry.ImportChange: (serial(5, 7), "COD1", UNKNOWN),
    registry.Retirement: ("NUM77", "COD1", "beneficiary777"),
    orderbook.Order: ("77", str(order_uuid(77))),
    orderbook.Fill: ("77",),
    orderbook.Command: ("77",),
    orderbook.Event: ("77",),
    nft.MintRequest: (UUID, "COD1", "person-1"),
    nft.BridgeIntent: (UUID, "COD1", "person-1", HASH),
    nft.ChainTransaction: (HASH, UUID),
    nft.CoinWithdrawal: (UUID, "person-1", HASH),
    nft.CoinDeposit: (HASH, "person-1"),
    nft.ChainEvent: (HASH, "77"),
    nft.Token: ("77", "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B"),
    nft.TokenRedemption: (HASH, "COD1", "person-1"),
}
# Tables with as many rows as there are registries, markets, files, or decisions of staff.
SHORT: set[type[Model]] = {
    model
    for model in admin.site._registry
    if model._meta.app_label not in ("accounts", "registry", "orderbook", "nft")
} | {
    *(accounts.Asset, accounts.BankTransfer, accounts.AppConsent),
    *(accounts.SpendingRule, accounts.SpendingLimit),
    *(accounts.Verification, accounts.VerificationOutcome, accounts.DocumentLook),
    *(registry.Registry, registry.Project, registry.CreditClass, registry.CustodyReceipt),
    *(registry.ProjectType, registry.TypeCategory, registry.TypeSpelling),
    *(registry.Methodology, registry.MethodologySpelling, registry.UnmappedTerm),
    *(registry.Label, registry.LabelSpelling, registry.LabelGrant, registry.UnmappedLabel),
    *(registry.RatingAgency, registry.RatingGrade, registry.Rating),
    *(registry.ImportRun, registry.ImportUpload, registry.CustodyAlarm, registry.BlockSplit),
    *(registry.CustodyStatement, registry.CustodyDifference, registry.BeneficiaryCorrection),
    *(registry.Withdrawal, registry.WithdrawalOutcome),
    *(registry.RegistryRetirement, registry.RegistryConfirmation),
    *(orderbook.BulkOrder, orderbook.BulkExecution),
    *(orderbook.QuotePermit, orderbook.QuoteRequest, orderbook.Quote),
    *(orderbook.Product, orderbook.ProductLease, orderbook.JournalArchive),
    *(nft.Signer, nft.Chain, nft.Contract, nft.DayAnchor, nft.BridgeHalt, nft.BridgeResume),
    nft.PoolRule,
}
OURS = {
    model
    for model in admin.site._registry
    if model._meta.app_label in ("accounts", "registry", "orderbook", "nft") and model._meta.managed
}
LONG_TABLES = {model._meta.db_table for model in SEARCHES}
SEVERAL_ROWS = 2_000
ROWS_OF: dict[type[Model], int] = (
    dict.fromkeys(SHORT & OURS, 8)
    | dict.fromkeys(SEARCHES, ROWS)
    | dict.fromkeys((accounts.Asset, registry.Project, registry.CreditClass), SEVERAL_ROWS)
    | dict.fromkeys((registry.Vintage, registry.SerialSeries), SEVERAL_ROWS)
)


def series_of_the_serials_searched() -> None:
    """Lets a search by serial find one of the blocks."""
    wanted = parse(serial(5, 7))
    first_gram = SerialBlock.objects.get(pk=77).base - wanted.first * GRAMS_PER_TONNE
    with triggers_off():
        registry.Registry.objects.filter(pk=1).update(code="VCS")
        registry.SerialSeries.objects.filter(pk=1).update(
            registry=1, key=wanted.series, first_gram=first_gram
        )


def request_of(path: str, query: str = "") -> Any:
    """A request by somebody who may see everything."""
    request = RequestFactory().get(path + query)
    request.user = User(pk=1, is_staff=True, is_superuser=True)
    return request


def page_of(model_admin: Any, query: str) -> Any:
    """The list as Django prepares it for its page, with the rows read."""
    page = model_admin.get_changelist_instance(request_of("/", query))
    page.rows = list(page.result_list)
    return page


def slow_queries(
    model: type[Model], query: str, *, may_sort: bool = False, may_be_empty: bool = False
) -> list[str]:
    """What in the list's queries gets slower with its table, and where they ask for no rows."""
    with CaptureQueriesContext(connection) as captured:
        page_of(admin.site.get_model_admin(model), query)
    statements = [entry["sql"] for entry in captured if entry["sql"].startswith("SELECT")]
    table = f'FROM "{model._meta.db_table}"'
    if not may_be_empty and not any(table in statement for statement in statements):
        return [f"{model.__name__}{query}: looks at none of its rows"]
    return [
        f"{model.__name__}{query}: {step}"
        for statement in statements
        for step in slow_steps(statement, long=LONG_TABLES, may_sort=may_sort)
    ]


# Nearly every block is in one of these states: a page of them is found on a short walk, and an
# index on all blocks would cost each import.
COMMON = {"?state__exact=issued", "?state__exact=retired"}


def filters_of(model: type[Model]) -> list[str]:
    """The query of every choice of every filter that the list offers."""
    page = page_of(admin.site.get_model_admin(model), "")
    choices = [choice for spec in page.filter_specs for choice in spec.choices(page)]
    common = COMMON if model is SerialBlock else set()
    return sorted({choice["query_string"] for choice in choices} - {"?"} - common)


def test_every_list_is_short_or_made_for_many_rows() -> None:
    assert set(admin.site._registry) == SHORT | set(SEARCHES)
    for model in SEARCHES:
        model_admin: Any = admin.site.get_model_admin(model)
        assert isinstance(model_admin, LongList), model
        assert model_admin.paginator is LongPaginator, model
        assert not model_admin.show_full_result_count, model
        assert not model_admin.date_hierarchy, model
        assert bool(model_admin.search_fields) == bool(SEARCHES[model]), model
        assert bool(model_admin.search_fields) == bool(model_admin.search_help_text), model


@pytest.mark.django_db
def test_no_page_filter_or_search_gets_slower_with_its_table() -> None:
    for model in ROWS_OF:
        fill(model, ROWS_OF)
    series_of_the_serials_searched()
    slow = []
    for model, terms in SEARCHES.items():
        for query in ("", "?p=3", *filters_of(model)):
            slow += slow_queries(model, query)
        for term in terms:
            is_unknown = term == UNKNOWN
            searched = f"?{urlencode({'q': term})}"
            slow += slow_queries(model, searched, may_sort=True, may_be_empty=is_unknown)
    assert not slow, "\n".join(slow)


@pytest.mark.django_db
def test_the_look_at_plans_sees_what_is_slow() -> None:
    """That the test above can fail: what Django would have asked by itself."""
    fill(SerialBlock, {SerialBlock: ROWS})
    newest = SerialBlock.objects.order_by("-pk")
    asked_by_django = (
        newest.filter(serial__icontains="VCS")[:100],
        newest.filter(end=77)[:100],
        SerialBlock.objects.order_by("issued_on")[:100],
    )
    with CaptureQueriesContext(connection) as captured:
        for rows in (*asked_by_django, newest[:100]):
            list(rows)
        SerialBlock.objects.count()
    long = {SerialBlock._meta.db_table}
    found = [slow_steps(entry["sql"], long=long, may_sort=False) for entry in captured]
    assert [bool(steps) for steps in found] == [True, True, True, False, True]


@pytest.mark.django_db
@pytest.mark.parametrize("page", [PAGES_MAX + 1, 10**12])
def test_nobody_walks_to_the_end_of_a_long_list_page_by_page(page: int) -> None:
    client = client_of(User.objects.create_superuser("root@example.com"))
    answer = client.get(reverse("admin:registry_serialblock_changelist"), {"p": page})
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("?e=1")

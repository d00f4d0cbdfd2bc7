"""The pages that everybody may see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.template.loader import render_to_string
from django.test import Client

from apps.orderbook import browse
from apps.registry.models import Project, ProjectType, TypeSpelling
from apps.registry.services.retirements import retirement_create
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.factories import TONNE, asset_make, client_of, owner_make, user_make
from tests.support.markets import fill_write, order_rest, product_make
from tests.support.pages import breaks_of_policy, figures_of, soup_of, text_of
from tests.support.registry import block_make, holder_make

pytestmark = pytest.mark.django_db

PAGES = [
    "/",
    "/markets",
    "/projects",
    "/serials",
    "/transparency",
    "/pool",
    "/accounts/login/",
]


@pytest.fixture(autouse=True)
def _count_trades_anew() -> None:
    browse._traded_grams.cache_clear()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_on_an_empty_database(path: str) -> None:
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_script_that_the_security_policy_forbids(path: str) -> None:
    assert breaks_of_policy(Client().get(path)) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_heading_a_title_and_a_way_past_the_menu(path: str) -> None:
    soup = soup_of(Client().get(path))
    assert len(soup.select("h1")) == 1
    assert soup.title is not None
    assert soup.select_one("a.skip-link[href='#main']") is not None
    assert soup.html is not None
    assert soup.html["lang"] == "en"


@pytest.mark.parametrize("path", ["/projects/VCS-0", "/markets/NO-CC", "/certificates/CCM-0"])
def test_what_is_not_there_is_a_404_with_a_way_on(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in text_of(answer)


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_an_error_page_needs_nothing_to_be_shown(
    name: str, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    with django_assert_num_queries(0):
        page = render_to_string(name)
    assert "<h1>" in page
    assert "ccmarket" in page


def test_a_form_without_its_token_is_refused_with_a_page() -> None:
    answer = Client(enforce_csrf_checks=True).post("/language", {"language": "zh-hans"})
    assert answer.status_code == 403
    assert "This form has gone stale" in text_of(answer)


def test_home_counts_custody_retirements_and_trades() -> None:
    owner, credit_class = holder_make(block_make(tonnes=10))
    retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=2_500,
        beneficiary="A neighbour",
        idempotency_key="key",
    )
    product = product_make(credit_class.asset.code)
    sell, buy = order_rest(product, side=1), order_rest(product)
    fill_write(sell, buy, size=3_000, number=1)
    answer = Client().get("/")
    assert figures_of(answer) == {
        "In custody": "9.997 t",
        "Retired": "2.5 kg",
        "Traded": "3 kg",
    }
    assert "A neighbour" in text_of(answer, ".sample")


def test_home_does_not_count_what_was_traded_in_cc_itself_as_credits() -> None:
    asset_make("CC", kind="cc")
    product = product_make("CC", quote="USDC")
    sell, buy = order_rest(product, side=1), order_rest(product)
    fill_write(sell, buy, size=TONNE, number=1)
    assert figures_of(Client().get("/"))["Traded"] == "0 g"


def test_projects_are_found_by_words_of_their_name_country_and_type() -> None:
    taxonomy_load()
    TypeSpelling.objects.create(text="Mangroves", type=ProjectType.objects.get(code="wetland"))
    block_make(project="1987")
    block_make(first=100, project="2000")
    Project.objects.filter(code="VCS-2000").update(
        name="Mangrove Delta", country="ID", kind="Mangroves"
    )
    for query in ("q=delta+mangrove", "country=ID", "type=wetland", "q=vcs-2000"):
        page = text_of(Client().get(f"/projects?{query}"), "#results")
        assert "Mangrove Delta" in page
        assert "Wind project" not in page
    assert "No project matches" in text_of(Client().get("/projects?q=nothing"))


def test_htmx_gets_only_the_list() -> None:
    block_make()
    answer = Client().get(
        "/projects?q=wind", headers={"HX-Request": "true", "HX-Target": "results"}
    )
    assert "Wind project 1987" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_a_project_shows_its_facts_vintages_blocks_markets_and_retirements() -> None:
    owner, credit_class = holder_make(block_make(first=501, tonnes=10))
    product_make(credit_class.asset.code)
    made = retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=TONNE,
        beneficiary="A neighbour",
        idempotency_key="key",
    )
    page = text_of(Client().get("/projects/VCS-1987"))
    for expected in (
        "Wind project 1987",
        "Argentina",
        "VCS-1987-2023",
        "9 t",
        "1 t",
        "19370-501-510-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0",
        f"{credit_class.asset.code}-CC",
        made.number,
    ):
        assert expected in page


def test_markets_show_last_price_change_and_volume_of_the_day() -> None:
    product = product_make("VCS-7-2020")
    for number, price in ((1, 4 * TONNE), (2, 5 * TONNE)):
        sell = order_rest(product, side=1, price=price)
        buy = order_rest(product, price=price)
        fill_write(sell, buy, size=TONNE, number=number)
    page = text_of(Client().get("/markets"), "#results")
    assert "5.00 CC" in page
    assert "+25.00%" in page
    assert "2 t" in page


def test_markets_are_found_by_quote_year_and_project() -> None:
    _, credit_class = holder_make(block_make())
    product_make(credit_class.asset.code, quote="CC")
    product_make(credit_class.asset.code, quote="USDC")
    product_make("VCS-9-2020", quote="USDC")
    assert _codes("quote=CC") == {"VCS-1987-2023-CC"}
    assert _codes("q=wind") == {"VCS-1987-2023-CC", "VCS-1987-2023-USDC"}
    assert _codes("year=2023&quote=USDC") == {"VCS-1987-2023-USDC"}
    assert _codes("country=AR&q=usdc") == {"VCS-1987-2023-USDC"}
    assert _codes("year=2023x") == _codes("")


def _codes(query: str) -> set[str]:
    soup = soup_of(Client().get(f"/markets?{query}"))
    return {tag["href"].removeprefix("/markets/") for tag in soup.select("#results a.row-link")}


def test_a_stranger_watches_a_market_and_is_told_to_sign_in_to_trade() -> None:
    product = product_make("VCS-7-2020")
    answer = Client().get(f"/markets/{product.code}")
    soup = soup_of(answer)
    assert soup.select_one("[data-market]")["data-product"] == "VCS_7_2020-CC"  # type: ignore[index]
    assert soup.select_one("form[hx-post]") is None
    assert f"next=/markets/{product.code}" in answer.content.decode()
    assert breaks_of_policy(answer) == []


def test_transparency_adds_up_and_says_so() -> None:
    owner, credit_class = holder_make(block_make(tonnes=10))
    retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=1_234_567,
        beneficiary="A neighbour",
        idempotency_key="key",
    )
    answer = Client().get("/transparency")
    assert "All figures agree" in text_of(answer)
    figures = figures_of(answer)
    assert figures["Received into custody"] == "10 t"
    assert figures["In balances"] == "8.765433 t"
    assert figures["Retired"] == "1.234567 t"


def test_transparency_says_so_when_it_does_not_add_up() -> None:
    _, credit_class = holder_make(block_make(tonnes=10))
    block = block_make(first=100, tonnes=5)
    # A block that was never issued on the ledger: services cannot do this.
    type(block).objects.filter(pk=block.pk).update(state="immobilised")
    assert credit_class.code == "VCS-1987-2023"
    page = text_of(Client().get("/transparency"))
    assert "Some figures disagree" in page
    assert "Differs" in page


def test_the_menu_offers_a_signed_in_person_their_own_pages() -> None:
    menu = text_of(client_of(user_make(name="Individual Nine")).get("/"), "header")
    assert "Individual Nine" in menu
    assert "Portfolio" in menu
    assert "Sign out" in menu
    assert "Administration" not in menu


def test_home_of_nobody_shows_no_portfolio() -> None:
    owner_make()
    menu = text_of(Client().get("/"), "header")
    assert "Sign in" in menu
    assert "Portfolio" not in menu

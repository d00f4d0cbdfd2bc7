"""Certificates and the trace of serial numbers, both ways."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import Owner
from apps.registry.models import CreditClass, Retirement
from apps.registry.services.retirements import retirement_create
from tests.support.factories import TONNE
from tests.support.pages import breaks_of_policy, soup_of, text_of
from tests.support.registry import block_make, holder_make

pytestmark = pytest.mark.django_db

BLOCK = "19370-501-510-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0"
FIRST_THREE = "19370-501-503-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0"
THIRD = "19370-503-503-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0"


@pytest.fixture
def holder() -> tuple[Owner, CreditClass]:
    return holder_make(block_make(first=501, tonnes=10))


def retire(holder: tuple[Owner, CreditClass], grams: int, key: str = "key") -> Retirement:
    owner, credit_class = holder
    return retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=grams,
        beneficiary="A neighbour",
        message="For <b>heating</b>",
        idempotency_key=key,
    )


def test_a_certificate_cites_project_vintage_serials_and_grams(
    holder: tuple[Owner, CreditClass],
) -> None:
    made = retire(holder, 2_345_678)
    answer = Client().get(f"/certificates/{made.number}")
    page = text_of(answer)
    for expected in (
        made.number,
        "2.345678 t CO₂e",
        "A neighbour",
        "For <b>heating</b>",
        "Wind project 1987",
        "2023",
        BLOCK,
        FIRST_THREE,
        "First serial 501",
        "Last serial 503",
        "1 – 345,678",
        "345.678 kg of 1 t retired so far",
        "Not confirmed yet",
        f"/certificates/{made.number}",
    ):
        assert expected in page
    assert breaks_of_policy(answer) == []
    assert soup_of(answer).select_one("img.qr")["src"].startswith("data:image/svg")  # type: ignore[index]


def test_two_fractions_share_a_tonne_and_both_certificates_say_how_full_it_is(
    holder: tuple[Owner, CreditClass],
) -> None:
    first, second = retire(holder, 400_000, "one"), retire(holder, 250_000, "two")
    for made in (first, second):
        page = text_of(Client().get(f"/certificates/{made.number}"))
        assert "650 kg of 1 t retired so far" in page
    assert "400,001 – 650,000" in text_of(Client().get(f"/certificates/{second.number}"))


def test_a_certificate_of_whole_tonnes_shares_none(holder: tuple[Owner, CreditClass]) -> None:
    page = text_of(Client().get(f"/certificates/{retire(holder, 2 * TONNE).number}"))
    assert "whole tonnes" in page
    assert "retired so far" not in page


def test_a_certificate_is_found_in_small_letters_and_has_one_address(
    holder: tuple[Owner, CreditClass],
) -> None:
    number = retire(holder, 1).number
    answer = Client().get(f"/certificates/{number.lower()}")
    assert answer.status_code == 301
    assert answer["Location"] == f"/certificates/{number}"


def test_a_certificate_comes_as_a_pdf(holder: tuple[Owner, CreditClass]) -> None:
    number = retire(holder, 1).number
    answer = Client().get(f"/certificates/{number}.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert number in answer["Content-Disposition"]
    assert answer.content.startswith(b"%PDF")
    assert Client().get("/certificates/CCM-0.pdf").status_code == 404


def test_a_serial_tells_its_life_with_links_both_ways(holder: tuple[Owner, CreditClass]) -> None:
    made = retire(holder, 2_345_678)
    certificate = soup_of(Client().get(f"/certificates/{made.number}"))
    links = {tag["href"] for tag in certificate.select("main a")}
    assert f"/serials/{FIRST_THREE}" in links
    page = Client().get(f"/serials/{THIRD}")
    text = text_of(page)
    assert "Received into custody" in text
    assert "Retired 345.678 kg" in text
    assert "In custody, behind balances 654.322 kg" in text
    back = {tag["href"] for tag in soup_of(page).select("main a")}
    assert {f"/certificates/{made.number}", "/projects/VCS-1987", f"/serials/{BLOCK}"} <= back


def test_a_serial_that_nothing_happened_to_shows_none_of_its_neighbours_events(
    holder: tuple[Owner, CreditClass],
) -> None:
    retire(holder, TONNE)
    second = BLOCK.replace("501-510", "502-502")
    text = text_of(Client().get(f"/serials/{second}"))
    assert "Certificate" not in text
    assert "In custody, behind balances 1 t" in text


@pytest.mark.parametrize(
    "typed",
    [BLOCK, f"  {BLOCK.lower()} ", BLOCK.replace("-", " – ")],
)
def test_a_serial_is_found_however_it_was_copied(
    holder: tuple[Owner, CreditClass], typed: str
) -> None:
    assert holder
    answer = Client().get("/serials", {"q": typed})
    assert answer.status_code == 302
    assert answer["Location"] == f"/serials/{BLOCK}"


def test_a_certificate_number_and_a_bare_number_are_found_too(
    holder: tuple[Owner, CreditClass],
) -> None:
    number = retire(holder, 1).number
    answer = Client().get("/serials", {"q": number.lower()})
    assert answer["Location"] == f"/certificates/{number}"
    assert THIRD in text_of(Client().get("/serials", {"q": "503"}))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("hello", "is not a serial number of a registry we know"),
        ("777777", "No credit in our records has this number"),
        (BLOCK.replace("19370-501-510", "19370-901-910"), "We do not know this number"),
        (BLOCK.replace("31122023-0", "31122023-O"), "letter O"),
        ("9" * 40, "is not a serial number"),
        ("<script>alert(1)</script>", "is not a serial number"),
    ],
)
def test_what_is_not_found_says_why(
    holder: tuple[Owner, CreditClass], typed: str, said: str
) -> None:
    assert holder
    answer = Client().get("/serials", {"q": typed})
    assert answer.status_code == 200
    assert said in text_of(answer)
    assert breaks_of_policy(answer) == []


@pytest.mark.parametrize("path", ["hello", BLOCK.replace("501-510", "901-910")])
def test_the_trace_of_an_unknown_serial_is_a_404(path: str) -> None:
    assert Client().get(f"/serials/{path}").status_code == 404

"""The certificate on paper: every fact of the page, in any script, the same every time."""

from io import BytesIO

import pytest
from django.test import Client
from pypdf import PdfReader

from apps.registry.certificates import certificate_address, certificate_pdf, certificate_qr_svg
from apps.registry.models import Retirement
from apps.registry.services.retirements import retirement_create
from tests.support.registry import TONNE, block_make, holder_make

pytestmark = pytest.mark.django_db


def retire(grams: int = TONNE, tonnes: int = 10, **fields: str) -> Retirement:
    owner, credit_class = holder_make(block_make(940_605_624, tonnes))
    texts = {"beneficiary": "Lindblad Expeditions", "message": "For 2025"} | fields
    return retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=grams,
        idempotency_key="k",
        **texts,
    )


def text_of(pdf: bytes) -> str:
    """What a reader of the PDF can copy out of it, without line breaks."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def embedded_fonts(pdf: bytes) -> set[str]:
    """The fonts whose outlines are in the file."""
    fonts = (
        font.get_object()
        for page in PdfReader(BytesIO(pdf)).pages
        for font in page["/Resources"]["/Font"].values()
    )
    return {
        font["/BaseFont"].split("+")[-1]
        for font in fonts
        if "/FontFile2" in font.get("/FontDescriptor", {})
    }


def test_it_says_what_was_retired_for_whom_and_which_serials() -> None:
    retirement = retire(2 * TONNE + 500_000)
    text = text_of(certificate_pdf(retirement))
    for fact in (
        retirement.number,
        "2.5 t CO₂e",
        "Lindblad Expeditions",
        "“For 2025”",
        "Wind project 1987",
        "2023",
        "19370-940605624-940605626-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0",
        "19370-940605624-940605633-VCS-VCU-1323-VER-AR-1-1987-01012023-31122023-0",
        "940605624",
        "940605626",
        "1 – 500,000",
        "Tonne 940605626 is 50% retired",
        "Not all of it is confirmed yet",
        certificate_address(retirement),
    ):
        assert fact in text, fact


@pytest.mark.parametrize(
    "name",
    [
        "江苏亨通高压海缆有限公司",
        "臺灣積體電路製造股份有限公司",
        "Zażółć gęślą jaźń S.A.",
        "Đặng Thị Ngọc",
        "Ærø Kommune & Søn <ApS>",
        "Ελληνικά Πετρέλαια",
        "Газпром нефть",
        "株式会社アサヒ",
    ],
)
def test_any_name_is_legible_with_the_fonts_in_the_file(name: str) -> None:
    pdf = certificate_pdf(retire(beneficiary=name))
    assert name in text_of(pdf)
    assert {"NotoSans-Regular", "NotoSans-Bold"} <= embedded_fonts(pdf)


def test_chinese_outlines_are_in_the_file() -> None:
    assert "NotoSansSC-Regular" in embedded_fonts(certificate_pdf(retire(beneficiary="碳中和")))
    assert "NotoSansSC-Regular" not in embedded_fonts(certificate_pdf(retire_again()))


def retire_again() -> Retirement:
    owner, credit_class = holder_make(block_make(101))
    return retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=1,
        beneficiary="Latin",
        idempotency_key="again",
    )


@pytest.mark.parametrize("name", ["a\x00b\x1bc", "🌳 tree 🌳", "\u202egnal", "x" * 200, "สมชาย"])
def test_no_name_can_break_it(name: str) -> None:
    retirement = retire()
    retirement.beneficiary = name
    assert certificate_pdf(retirement).startswith(b"%PDF-")


def test_the_same_facts_give_the_same_bytes() -> None:
    retirement = retire()
    assert certificate_pdf(retirement) == certificate_pdf(retirement)


def test_as_many_pages_as_the_serials_need() -> None:
    blocks = [block_make(first, 1) for first in range(1, 80, 2)]
    owner, credit_class = holder_make(*blocks)
    retirement = retirement_create(
        owner=owner,
        credit_class=credit_class,
        amount_grams=40 * TONNE,
        beneficiary="B",
        idempotency_key="k",
    )
    pdf = certificate_pdf(retirement)
    assert len(PdfReader(BytesIO(pdf)).pages) > 1
    text = text_of(pdf)
    assert all(block.serial in text for block in blocks)


def test_the_qr_code_is_an_image_for_a_page() -> None:
    assert certificate_qr_svg(retire()).startswith("data:image/svg+xml")


def test_the_pdf_is_served_to_anybody(client: Client) -> None:
    retirement = retire()
    response = client.get(f"/certificates/{retirement.number}.pdf")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert retirement.number in text_of(response.content)
    assert client.get("/certificates/CCM-2026-9999999.pdf").status_code == 404

"""Certificates of bulk orders: one for each beneficiary, one for the whole, on page and paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.orderbook import certificates
from apps.orderbook.certificates import bulk_certificate_address, bulk_certificate_pdf
from apps.orderbook.models import BulkCertificate, BulkOrder
from apps.registry.models import Retirement
from tests.integration.test_retirement_certificate import text_of as pdf_text
from tests.support.bulk_executions import Company, ask_for, carried_out, company_make, offer
from tests.support.engines import run_engine
from tests.support.factories import client_of, user_make
from tests.support.pages import breaks_of_policy, text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    """Uploaded files end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def company() -> Company:
    return company_make()


@pytest.fixture
def order(company: Company) -> BulkOrder:
    """Carried out: 4 t for A of two classes, a quarter for B."""
    offer(1, 2019, (1, 3))
    offer(2_000, 2022, (2, 10))
    run_engine()
    lines = [{"tonnes": 4, "beneficiary": "A"}, {"tonnes": "0.25", "beneficiary": "B & 碳"}]
    order = company.order(*lines)
    ask_for(order, company.trader)
    return carried_out(order)


def page_of(certificate: BulkCertificate, name: str = "bulk_certificate") -> str:
    return reverse(name, args=[certificate.public_id])


def test_whoever_has_its_address_sees_what_was_retired_by_class_and_one_by_one(
    order: BulkOrder,
) -> None:
    whole, of_a, of_b = BulkCertificate.objects.order_by("beneficiary")
    for certificate, mass, beneficiaries in (
        (whole, "4.25 t", {"A", "B & 碳"}),
        (of_a, "4 t", {"A"}),
        (of_b, "250 kg", {"B & 碳"}),
    ):
        page = Client().get(page_of(certificate))
        shown = text_of(page)
        assert not breaks_of_policy(page)
        assert f"{mass} CO₂e" in shown
        for retirement in Retirement.objects.all():
            assert (retirement.number in shown) == (retirement.beneficiary in beneficiaries)
        assert bulk_certificate_address(certificate) in shown
    assert "for 2 beneficiaries" in text_of(Client().get(page_of(whole)))
    assert order.name not in text_of(Client().get(page_of(whole)))


def test_the_paper_says_the_same_twice_and_leaves_long_lists_to_the_page(
    order: BulkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, of_a, of_b = BulkCertificate.objects.order_by("beneficiary")
    answer = Client().get(page_of(of_b, "bulk_certificate_pdf"))
    assert answer["Content-Type"] == "application/pdf"
    paper = pdf_text(answer.content)
    assert "250 kg CO₂e" in paper
    assert "B & 碳" in paper
    assert bulk_certificate_pdf(of_b) == bulk_certificate_pdf(of_b)
    numbers = Retirement.objects.order_by("pk").values_list("number", flat=True)
    paper = pdf_text(bulk_certificate_pdf(whole))
    assert all(number in paper for number in numbers)
    monkeypatch.setattr(certificates, "LISTED_MAX", 1)
    paper = pdf_text(bulk_certificate_pdf(of_a))
    assert "One more is listed" in paper


def test_members_find_all_of_them_and_others_no_list(company: Company, order: BulkOrder) -> None:
    listed = reverse("bulk_order_certificates", args=[order.public_id])
    page = company.client(company.viewer).get(listed)
    assert not breaks_of_policy(page)
    for certificate in BulkCertificate.objects.all():
        assert certificate.number in text_of(page)
        assert page_of(certificate, "bulk_certificate_pdf") in page.content.decode()
    assert client_of(user_make()).get(listed).status_code == 404
    nobody = reverse("bulk_certificate", args=[order.public_id])
    assert Client().get(nobody).status_code == 404

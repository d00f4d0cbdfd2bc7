"""A certificate has the labels that its grams had when they were retired, whatever comes later."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import translation
from pypdf import PdfReader

from apps.accounts.models import Balance
from apps.registry.certificates import certificate_pdf
from apps.registry.models import Label, LabelGrant, Retirement, RetirementLabel, SerialBlock
from apps.registry.services.retirements import retirement_create
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.labels import class_of, grant
from tests.support.pages import text_of
from tests.support.registry import TONNE

pytestmark = pytest.mark.django_db


@pytest.fixture
def retirement() -> Retirement:
    """12 t: a block of 10 t that is CCB Climate Gold, and 2 t of one that is only CCB."""
    taxonomy_load()
    credit_class = class_of(
        ("ICVCM CCP", "CCB-Climate Gold", "SDG 7", "SDG 13"),
        ("ICVCM CCP", "CCB-No Distinction", "SDG 13"),
    )
    grant("article6-ndc", project=credit_class.project)
    balance = Balance.objects.get(asset=credit_class.asset, available__gt=0)
    return retirement_create(
        owner=balance.owner,
        credit_class=credit_class,
        amount_grams=12 * TONNE,
        beneficiary="Individual One",
        idempotency_key="k",
    )


def kept(retirement: Retirement) -> dict[str, int]:
    """Tonnes by the code of the label."""
    rows = retirement.labels.values_list("label__code", "grams")
    return {code: grams // TONNE for code, grams in rows}


def test_it_keeps_of_how_much_each_label_is_and_not_what_a_narrower_one_says(
    retirement: Retirement,
) -> None:
    assert kept(retirement) == {
        "ccp": 12,
        "article6-ndc": 12,
        "ccb": 12,
        "ccb-climate-gold": 10,
        "sdg-7": 10,
        "sdg-13": 12,
    }


def test_a_fraction_has_the_labels_of_its_tonne(retirement: Retirement) -> None:
    rest = retirement_create(
        owner=retirement.owner,
        credit_class=retirement.credit_class,
        amount_grams=1,
        beneficiary="Individual One",
        idempotency_key="a gram",
    )
    assert dict(rest.labels.values_list("label__code", "grams")) == {
        "ccp": 1,
        "article6-ndc": 1,
        "ccb": 1,
        "sdg-13": 1,
    }


def test_page_paper_and_api_show_them_after_everything_has_changed(
    client: Client, retirement: Retirement
) -> None:
    SerialBlock.objects.update(certifications=["Social Carbon"])
    LabelGrant.objects.all().delete()
    Label.objects.filter(code="ccp").update(name="Something else")
    address = f"/certificates/{retirement.number}"
    page = text_of(client.get(address))
    pdf = PdfReader(BytesIO(certificate_pdf(retirement)))
    paper = " ".join(" ".join(part.extract_text() for part in pdf.pages).split())
    for shown in ("Core Carbon Principles", "CCB Gold for climate (10 t)", "SDG 7 (10 t), 13"):
        assert shown in page
        assert shown in paper
    assert "Social Carbon" not in page
    said = client.get(f"/api/v1/certificates/{retirement.number}").json()["labels"]
    assert said[0] == {
        "code": "ccp",
        "name": "Core Carbon Principles",
        "whole": True,
        "amount": "12",
    }
    assert {row["code"]: row["amount"] for row in said if not row["whole"]} == {
        "ccb-climate-gold": "10",
        "sdg-7": "10",
    }


def test_they_are_said_in_the_readers_language(retirement: Retirement) -> None:
    page = text_of(
        Client(headers={"accept-language": "zh-hans"}).get(f"/certificates/{retirement.number}")
    )
    assert "注销时的标签" in page
    with translation.override("zh-hans"):
        assert translation.gettext("Core Carbon Principles") in page


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE registry_retirementlabel SET name = 'x'",
        "DELETE FROM registry_retirementlabel",
        "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ccmarket.allow_truncate = off;"
        " TRUNCATE registry_retirementlabel",
    ],
)
def test_the_database_refuses_to_rewrite_them(retirement: Retirement, attempt: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attempt)
    assert RetirementLabel.objects.filter(name="Core Carbon Principles").exists()

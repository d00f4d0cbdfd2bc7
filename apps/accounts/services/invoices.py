"""Issuing the invoices of a month: all of them in one transaction, numbered on from the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from apps.accounts.invoicing import Bill, Paid, bills_of, months_due
from apps.accounts.ledger.models import Owner
from apps.accounts.models import Invoice, InvoicedMonth, InvoiceLine, Verification
from apps.accounts.statements import Month

BPS: Final = 10_000
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtext('accounts.invoices'))"


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who an invoice is for, as it will say for ever."""

    name: str
    country: str = ""
    address: str = ""
    number: str = ""


def invoices_issue() -> int:
    """Issues what is due and says how many. Doing it again, or twice at once, changes nothing."""
    return sum(_month_issue(month) for month in months_due())


def tax_within(total: int, rate_bps: int) -> int:
    """The part of `total` that is tax, where it was taken with tax; rounded towards zero."""
    part = abs(total) * rate_bps // (BPS + rate_bps)
    return part if total > 0 else -part


def _month_issue(month: Month) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME)
        if InvoicedMonth.objects.filter(month=month.start.date()).exists():
            return 0
        bills = list(bills_of(month))
        buyers = _buyers({bill.owner_id for bill in bills})
        last = Invoice.objects.aggregate(last=Max("number"))["last"] or 0
        invoices = [
            _invoice(bill, buyers[bill.owner_id], month, number)
            for number, bill in enumerate(bills, last + 1)
        ]
        Invoice.objects.bulk_create(invoices)
        names = _names({line.account_id for bill in bills for line in bill.lines})
        InvoiceLine.objects.bulk_create(
            _line(invoice, line, names)
            for invoice, bill in zip(invoices, bills, strict=True)
            for line in bill.lines
        )
        InvoicedMonth.objects.create(month=month.start.date())
        return len(invoices)


def _invoice(bill: Bill, buyer: Buyer, month: Month, number: int) -> Invoice:
    rate = settings.INVOICE_TAX_RATES.get(buyer.country, 0)
    return Invoice(
        number=number,
        owner_id=bill.owner_id,
        asset_id=bill.asset_id,
        month=month.start.date(),
        total=bill.total,
        tax=tax_within(bill.total, rate),
        tax_bps=rate,
        tax_reason="" if rate else settings.INVOICE_NO_TAX_REASON,
        seller_name=settings.INVOICE_SELLER_NAME,
        seller_address=settings.INVOICE_SELLER_ADDRESS,
        seller_tax_id=settings.INVOICE_SELLER_TAX_ID,
        buyer_name=buyer.name,
        buyer_country=buyer.country,
        buyer_address=buyer.address,
        buyer_number=buyer.number,
    )


def _line(invoice: Invoice, paid: Paid, names: dict[int, str]) -> InvoiceLine:
    return InvoiceLine(
        invoice=invoice,
        account_id=paid.account_id or None,
        account_name=names.get(paid.account_id, ""),
        kind=paid.kind,
        market=paid.market,
        count=paid.count,
        amount=paid.amount,
    )


def _names(account_ids: set[int]) -> dict[int, str]:
    """How sub-accounts are called now."""
    found = Owner.objects.filter(pk__in=account_ids, parent__isnull=False)
    return dict(found.values_list("pk", "department"))


def _buyers(owner_ids: set[int]) -> dict[int, Buyer]:
    """As they were approved, or else as they call themselves."""
    owners = Owner.objects.filter(pk__in=owner_ids).select_related("user", "organisation")
    approved = Verification.objects.filter(
        organisation__accounts__in=owner_ids, state=Verification.State.APPROVED
    )
    # The newest comes last and stays.
    by_organisation = {row.organisation_id: row for row in approved.order_by("pk")}
    return {owner.pk: _buyer(owner, by_organisation) for owner in owners}


def _buyer(owner: Owner, approved: dict[int, Verification]) -> Buyer:
    if owner.organisation is None:
        return Buyer(str(owner))
    said = approved.get(owner.organisation.pk)
    if said is None:
        return Buyer(owner.organisation.name, owner.organisation.country.code or "")
    return Buyer(said.legal_name, said.country.code, said.address, said.registration_number)

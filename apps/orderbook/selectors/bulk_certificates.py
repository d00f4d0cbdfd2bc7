"""The certificates of bulk orders, and what they are the sum of. Reads only."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet, Sum

from apps.orderbook.models import BulkCertificate, BulkOrder, BulkPart
from apps.registry.models import CreditClass, Retirement


@dataclass(frozen=True, slots=True)
class OfClass:
    """Grams of one class on a certificate."""

    credit_class: CreditClass
    grams: int


@dataclass(frozen=True, slots=True)
class CertificateSums:
    """What a certificate adds up: by class, the most first, and between which moments."""

    classes: list[OfClass]
    retirements: int
    beneficiaries: int
    first_at: datetime
    last_at: datetime


def certificates_of(order: BulkOrder) -> QuerySet[BulkCertificate]:
    """The order's certificates: of the whole first, then by beneficiary."""
    found = BulkCertificate.objects.filter(execution__order=order)
    return found.order_by("beneficiary", "pk")


def bulk_certificate(public_id: uuid.UUID) -> BulkCertificate | None:
    """A certificate by its address, which is all that it takes to see it."""
    found = BulkCertificate.objects.filter(public_id=public_id)
    return found.select_related("execution__order__owner__organisation").first()


def retirements_on(certificate: BulkCertificate) -> QuerySet[Retirement]:
    """The retirements that a certificate is the sum of."""
    retired = _parts(certificate).values("retirement")
    found = Retirement.objects.filter(pk__in=retired).order_by("pk")
    return found.select_related("credit_class__project__registry")


def sums_of(certificate: BulkCertificate) -> CertificateSums:
    """The same by class, and how many there are."""
    parts = _parts(certificate)
    by_class = parts.values("retirement__credit_class").annotate(sum=Sum("grams"))
    grams = {row["retirement__credit_class"]: int(row["sum"]) for row in by_class}
    classes = CreditClass.objects.filter(pk__in=grams).select_related("project__registry")
    listed = [OfClass(found, grams[found.pk]) for found in classes]
    whole = parts.aggregate(
        retirements=Count("retirement", distinct=True),
        beneficiaries=Count("line__beneficiary", distinct=True),
        first_at=Min("retirement__created_at"),
        last_at=Max("retirement__created_at"),
    )
    return CertificateSums(
        classes=sorted(listed, key=lambda found: (-found.grams, found.credit_class.code)), **whole
    )


def _parts(certificate: BulkCertificate) -> QuerySet[BulkPart]:
    terms: dict[str, Any] = {"step__execution": certificate.execution_id}
    if certificate.beneficiary:
        terms["line__beneficiary"] = certificate.beneficiary
    return BulkPart.objects.filter(retirement__isnull=False, **terms)

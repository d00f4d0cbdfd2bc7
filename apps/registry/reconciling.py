"""Whether the registries say that we hold what we say. Reads only."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from apps.registry.models import CustodyDifference, CustodyStatement, Registry, SerialBlock


def statements_latest() -> list[CustodyStatement]:
    """The newest statement of each registry that has any."""
    return list(
        CustodyStatement.objects.select_related("registry")
        .order_by("registry", "-as_of", "-pk")
        .distinct("registry")
    )


def differences_open() -> QuerySet[CustodyDifference]:
    """What the newest statements and our books do not have in common, and nothing explains."""
    return CustodyDifference.objects.filter(statement__in=statements_latest()).exclude(
        because__in=CustodyDifference.EXPLAINED
    )


def registries_overdue() -> QuerySet[Registry]:
    """Registries that hold credits for us, and whose last statement is too old or missing."""
    since = timezone.now().date() - timedelta(days=settings.REGISTRY_WAIT_DAYS_MAX)
    # Only blocks of classes are in custody; that there is a class spares reading all others.
    ours = SerialBlock.objects.filter(
        vintage__credit_class__project__registry=OuterRef("pk"),
        state=SerialBlock.State.IMMOBILISED,
    )
    fresh = CustodyStatement.objects.filter(registry=OuterRef("pk"), as_of__gte=since)
    return Registry.objects.filter(Exists(ours), ~Exists(fresh)).order_by("code")

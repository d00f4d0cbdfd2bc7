"""Finding people and owners by what staff type. Every way goes through an index."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import Q, QuerySet

from apps.accounts.models import Organisation, Owner, User
from apps.accounts.references import owner_of_reference

# Of a number that surely fits a bigint.
DIGITS_MAX: Final = 18


def people_found(term: str) -> QuerySet[User]:
    """People whose address or name begins so, in any case."""
    return User.objects.filter(Q(email__istartswith=term) | Q(name__istartswith=term))


def organisations_found(term: str) -> QuerySet[Organisation]:
    """Organisations whose name begins so, in any case."""
    return Organisation.objects.filter(name__istartswith=term)


def owners_found(term: str) -> QuerySet[Any, Any]:
    """Owners by their name, address, or the reference on a bank transfer; as a subquery."""
    if owner := owner_of_reference(term):
        return Owner.objects.filter(pk=owner.pk).values("pk")
    owners = Owner.objects.order_by().values("pk")
    return owners.filter(user__in=people_found(term)).union(
        owners.filter(organisation__in=organisations_found(term)),
        owners.filter(platform_name=term),
        all=True,
    )


def uuid_of(text: str) -> uuid.UUID | None:
    """The UUID that the text is."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def number_of(text: str) -> int | None:
    """The number that the text is, if a bigint holds it."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX
    return int(text) if is_number else None

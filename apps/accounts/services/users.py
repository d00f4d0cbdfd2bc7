"""Creating people. Everyone has an owner from the first moment: it is what holds balances."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict
from apps.accounts.ledger.models import Owner
from apps.accounts.models import User


def user_create(
    *,
    email: str,
    password: str | None = None,
    name: str = "",
    is_staff: bool = False,
    is_superuser: bool = False,
    is_auditor: bool = False,
    email_verified: bool = False,
) -> User:
    """A new person with an owner; without a password they can only reset it.

    Raises Conflict `email_taken`. An auditor is never a superuser (CHECK).
    """
    with transaction.atomic():
        if User.objects.filter(email__iexact=email).exists():
            raise Conflict(
                _("This email address has an account. Sign in instead."),
                code="email_taken",
                field="email",
            )
        user = User.objects.create_user(
            email,
            password,
            name=name,
            is_staff=is_staff,
            is_superuser=is_superuser,
            is_auditor=is_auditor,
        )
        EmailAddress.objects.create(
            user=user, email=user.email, verified=email_verified, primary=True
        )
    return user


def owner_ensure(*, user: User) -> Owner:
    """The person's owner, created if a sign-up has only just saved the person."""
    return Owner.objects.get_or_create(user=user)[0]


def user_rename(*, user: User, name: str) -> None:
    """How the person is called; nothing, and their address stands in its place."""
    user.name = name.strip()
    user.save(update_fields=["name"])

"""What people let apps do: given on the consent page, ended on the page of connected apps."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from apps.accounts.ledger.models import Owner
from apps.accounts.models import AppConsent, User


def consent_give(
    *, user: User, application: Application, owner: Owner, scopes: Iterable[str]
) -> AppConsent:
    """The app may act for `owner`. What it had for another owner ends with it."""
    with transaction.atomic():
        # One at a time: a second would break the unique constraint.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        found = consent_of(user=user, application_id=application.pk)
        if found is not None and found.owner_id != owner.pk:
            consent_end(consent=found)
            found = None
        if found is None:
            found = AppConsent(user=user, application=application, owner=owner)
        found.scopes = sorted({*found.scopes, *scopes})
        found.save()
    return found


def consent_end(*, consent: AppConsent) -> None:
    """Every token of the app for this person ends at once. Repeating it changes nothing."""
    with transaction.atomic():
        mine = {"user": consent.user_id, "application": consent.application_id}
        Grant.objects.filter(**mine).delete()
        RefreshToken.objects.filter(**mine).delete()
        AccessToken.objects.filter(**mine).delete()
        AppConsent.objects.filter(pk=consent.pk, ended_at__isnull=True).update(
            ended_at=timezone.now()
        )


def consent_of(*, user: User, application_id: int) -> AppConsent | None:
    """The consent that lasts, if there is one."""
    return consents_of(user).filter(application=application_id).first()


def consents_of(user: User) -> QuerySet[AppConsent]:
    """The person's consents that last, newest first, each with its app and owner."""
    lasting = user.app_consents.filter(ended_at__isnull=True)
    return lasting.select_related("application", "owner").order_by("-pk")

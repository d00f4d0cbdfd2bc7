"""What is done in the background for accounts. Wake-ups only: rows are the truth."""

from __future__ import annotations

from celery import shared_task
from oauth2_provider.models import clear_expired

from apps.accounts.api.idempotency import answers_forget
from apps.accounts.api.replays import signatures_forget
from apps.accounts.services.gifts import gifts_sweep
from apps.accounts.services.invitations import invitations_mail
from apps.accounts.services.invoices import invoices_issue
from apps.accounts.services.verification_outcomes import verification_mails_send
from apps.accounts.webhooks import delivery
from apps.accounts.webhooks.wakeups import WEBHOOKS_DELIVER


@shared_task
def api_sweep() -> None:
    """Forgets what was kept long enough: signatures, answers to repeated requests, tokens."""
    signatures_forget()
    answers_forget()
    clear_expired()


@shared_task(name=WEBHOOKS_DELIVER)
def webhooks_deliver() -> None:
    """Sends what is due, whoever is told of it."""
    delivery.webhooks_deliver()


@shared_task(name="accounts.gifts_sweep")
def sweep_gifts() -> None:
    """Mails gifts, and gives back what nobody took."""
    gifts_sweep()


@shared_task(name="accounts.invitations_mail")
def mail_invitations() -> None:
    """Mails invitations into organisations."""
    invitations_mail()


@shared_task(name="accounts.verification_mails")
def mail_verifications() -> None:
    """Mails what came of verifications, and when one has to be renewed."""
    verification_mails_send()


@shared_task(name="accounts.invoices_issue")
def issue_invoices() -> None:
    """Issues invoices of months that are over."""
    invoices_issue()

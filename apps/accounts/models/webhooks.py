"""Webhooks: who is told of what, what waits to be told, and how each attempt went."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.ledger.models import Owner
from apps.accounts.models.identity import User


class WebhookEvent(models.TextChoices):
    """What an endpoint may be told of."""

    ORDER_FILL = "order.fill", _("An order traded")
    ORDER_DONE = "order.done", _("An order is over")
    DEPOSIT = "deposit.credited", _("A deposit arrived")
    RETIREMENT = "retirement.created", _("Credits were retired")
    WITHDRAWAL_FINAL = "withdrawal.final", _("A withdrawal left for its registry")
    WITHDRAWAL_REFUSED = "withdrawal.refused", _("A withdrawal was refused")
    MINT_FINAL = "mint.final", _("NFTs were minted for good")
    MINT_FAILED = "mint.failed", _("NFTs could not be minted")
    COIN_FINAL = "coin_withdrawal.final", _("Coins reached a wallet for good")
    COIN_FAILED = "coin_withdrawal.failed", _("Coins could not be sent")
    QUOTES_ASKED = "quote_request.asked", _("Somebody asks for quotes")
    QUOTES_ANSWERED = "quote_request.answered", _("Somebody answered your request for quotes")
    QUOTES_CLOSED = "quote_request.closed", _("A request for quotes is closed")
    QUOTE_AWARDED = "quote.awarded", _("Your quote was taken")


class WebhookEndpoint(models.Model):
    """An address that hears of an owner's events. Its secrets are kept encrypted.

    After a rotation the secret before signs as well, until `previous_until`.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="webhooks")
    user = models.ForeignKey(User, models.PROTECT, related_name="webhooks")
    url = models.CharField(_("address"), max_length=500)
    events = ArrayField(models.CharField(max_length=40, choices=WebhookEvent), default=list)
    secret_encrypted = models.BinaryField()
    previous_encrypted = models.BinaryField(null=True)
    previous_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    disabled_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        indexes = [
            models.Index(
                fields=["owner"],
                condition=models.Q(disabled_at__isnull=True),
                name="accounts_webhook_live",
            )
        ]

    def __str__(self) -> str:
        return self.url


class WebhookMessage(models.Model):
    """One event for one endpoint: the outbox, written in the transaction of the event.

    Ids rise in the order of the events. `public_id` is the same in every attempt, so that a
    receiver sees what it had already.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        DEAD = "dead", _("Given up")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="messages")
    event = models.CharField(_("event"), max_length=40, choices=WebhookEvent)
    data = models.JSONField()
    created_at = models.DateTimeField(_("at"), auto_now_add=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts_made = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), auto_now_add=True)

    class Meta:
        verbose_name = _("webhook message")
        verbose_name_plural = _("webhook messages")
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                condition=models.Q(state="pending"),
                name="accounts_webhook_due",
            ),
            models.Index(fields=["endpoint", "-id"], name="accounts_webhook_log"),
        ]

    def __str__(self) -> str:
        return f"msg_{self.public_id.hex}"


class WebhookAttempt(models.Model):
    """How one attempt went: an HTTP status, or why there was none."""

    message = models.ForeignKey(WebhookMessage, models.CASCADE, related_name="attempts")
    at = models.DateTimeField(_("at"), auto_now_add=True)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True)
    duration_ms = models.PositiveIntegerField(_("took (ms)"))

    class Meta:
        verbose_name = _("webhook attempt")
        verbose_name_plural = _("webhook attempts")

    def __str__(self) -> str:
        return f"{self.message} {self.status or self.error}"

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookCursor(models.Model):
    """How far a journal was read by whoever turns it into messages."""

    name = models.CharField(max_length=60, unique=True)
    position = models.BigIntegerField()

    class Meta:
        verbose_name = _("webhook cursor")
        verbose_name_plural = _("webhook cursors")

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"

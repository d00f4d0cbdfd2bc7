"""Gifts: part of a balance on its way to an address of mail or on chain."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_wallet_holdings"),
    ]

    operations = [
        migrations.CreateModel(
            name="Gift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "amount",
                    models.BigIntegerField(
                        help_text="In micro-units of the asset.", verbose_name="amount"
                    ),
                ),
                (
                    "to_email",
                    models.EmailField(blank=True, max_length=254, verbose_name="to, by mail"),
                ),
                (
                    "to_address",
                    models.CharField(blank=True, max_length=42, verbose_name="to, on chain"),
                ),
                ("message", models.CharField(blank=True, max_length=280, verbose_name="message")),
                ("idempotency_key", models.CharField(max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("claimed", "Claimed"),
                            ("returned", "Returned"),
                        ],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="given")),
                ("expires_at", models.DateTimeField(verbose_name="until")),
                ("mailed_at", models.DateTimeField(blank=True, null=True, verbose_name="mailed")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.asset",
                        verbose_name="asset",
                    ),
                ),
                (
                    "claimed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gifts_claimed",
                        to="accounts.owner",
                        verbose_name="claimed by",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gifts",
                        to="accounts.owner",
                        verbose_name="from",
                    ),
                ),
            ],
            options={
                "verbose_name": "gift",
                "verbose_name_plural": "gifts",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["expires_at"],
                        name="accounts_gift_open",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("mailed_at__isnull", True),
                            ("state", "open"),
                            models.Q(("to_email", ""), _negated=True),
                        ),
                        fields=["id"],
                        name="accounts_gift_to_mail",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "idempotency_key"), name="accounts_gift_idempotent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="accounts_gift_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("to_email", ""), models.Q(("to_address", ""), _negated=True)),
                            models.Q(models.Q(("to_email", ""), _negated=True), ("to_address", "")),
                            _connector="OR",
                        ),
                        name="accounts_gift_to_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("claimed_by", None), ("ended_at", None), ("state", "open")),
                            models.Q(
                                ("claimed_by__isnull", False),
                                ("ended_at__isnull", False),
                                ("state", "claimed"),
                            ),
                            models.Q(
                                ("claimed_by", None),
                                ("ended_at__isnull", False),
                                ("state", "returned"),
                            ),
                            _connector="OR",
                        ),
                        name="accounts_gift_ends_once",
                    ),
                ],
            },
        ),
    ]

"""Tokens that are tonnes for ever, attempts with nonces given before signing, halts that two end.

Nothing was stored in the tables that are made anew.
"""

import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_balance_no_truncate"),
        ("nft", "0002_pool"),
        ("registry", "0003_addresses_by_series"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.DeleteModel("Token"),
        migrations.DeleteModel("MintBatch"),
        migrations.DeleteModel("ChainTransaction"),
        migrations.DeleteModel("BridgeIntent"),
        migrations.DeleteModel("BridgeHalt"),
        migrations.CreateModel(
            name="BridgeHalt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.TextField(verbose_name="reason")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="halted at")),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="resumed at"),
                ),
            ],
            options={
                "verbose_name": "bridge halt",
                "verbose_name_plural": "bridge halts",
            },
        ),
        migrations.CreateModel(
            name="BridgeIntent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("first_serial", models.BigIntegerField(verbose_name="first serial")),
                ("amount_grams", models.BigIntegerField(verbose_name="amount, grams CO2e")),
                ("to_address", models.CharField(max_length=42, verbose_name="to")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("signed", "Signed"),
                            ("broadcast", "Broadcast"),
                            ("mined", "Mined"),
                            ("final", "Final"),
                            ("failed", "Failed; everything released"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("failure", models.CharField(blank=True, max_length=300, verbose_name="failure")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="asked at")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
            ],
            options={
                "verbose_name": "bridge intent",
                "verbose_name_plural": "bridge intents",
            },
        ),
        migrations.CreateModel(
            name="BridgeResume",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                (
                    "proposed_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="proposed at"),
                ),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                (
                    "decision_note",
                    models.CharField(blank=True, max_length=500, verbose_name="note"),
                ),
                (
                    "finding",
                    models.TextField(
                        help_text="What was wrong, and what was done about it.",
                        verbose_name="finding",
                    ),
                ),
                (
                    "is_event_settled",
                    models.BooleanField(
                        default=False,
                        help_text="Otherwise it is applied again once the bridge runs.",
                        verbose_name="the event was settled by hand",
                    ),
                ),
            ],
            options={
                "verbose_name": "resumption of the bridge",
                "verbose_name_plural": "resumptions of the bridge",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ChainTransaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("nonce", models.BigIntegerField(verbose_name="nonce")),
                ("attempt", models.PositiveSmallIntegerField(default=0, verbose_name="attempt")),
                ("to_address", models.CharField(blank=True, max_length=42, verbose_name="to")),
                ("data", models.BinaryField()),
                ("gas_limit", models.BigIntegerField()),
                (
                    "max_fee_per_gas",
                    models.BigIntegerField(verbose_name="fee per gas at most, wei"),
                ),
                ("max_priority_fee_per_gas", models.BigIntegerField()),
                ("raw", models.BinaryField(null=True)),
                (
                    "hash",
                    models.CharField(max_length=66, null=True, unique=True, verbose_name="hash"),
                ),
                (
                    "created_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="nonce given at"),
                ),
                (
                    "broadcast_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last broadcast"),
                ),
                (
                    "block_number",
                    models.BigIntegerField(blank=True, null=True, verbose_name="block"),
                ),
                ("block_hash", models.CharField(blank=True, max_length=66)),
                ("succeeded", models.BooleanField(null=True, verbose_name="succeeded")),
            ],
            options={
                "verbose_name": "chain transaction",
                "verbose_name_plural": "chain transactions",
                "ordering": ["nonce", "attempt"],
            },
        ),
        migrations.CreateModel(
            name="MintRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("tonnes", models.BigIntegerField(verbose_name="tonnes")),
                ("to_address", models.CharField(max_length=42, verbose_name="to")),
                ("idempotency_key", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="asked at")),
            ],
            options={
                "verbose_name": "mint request",
                "verbose_name_plural": "mint requests",
            },
        ),
        migrations.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_id", models.BigIntegerField(verbose_name="token id")),
                ("serial_number", models.BigIntegerField(verbose_name="serial")),
                ("owner_address", models.CharField(max_length=42, verbose_name="held by")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("live", "In a wallet"),
                            ("burned", "Burned, not yet final"),
                            ("redeemed", "Brought back"),
                            ("retired", "Retired on chain"),
                        ],
                        default="live",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
            ],
            options={
                "verbose_name": "token",
                "verbose_name_plural": "tokens",
            },
        ),
        migrations.CreateModel(
            name="TokenRedemption",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("holder_address", models.CharField(max_length=42, verbose_name="redeemed by")),
                ("amount_grams", models.BigIntegerField(verbose_name="amount, grams CO2e")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="credited at")),
                (
                    "claimed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="claimed at"),
                ),
            ],
            options={
                "verbose_name": "token redemption",
                "verbose_name_plural": "token redemptions",
            },
        ),
        migrations.AlterModelOptions(
            name="chainevent",
            options={
                "ordering": ["block_number", "log_index"],
                "verbose_name": "chain event",
                "verbose_name_plural": "chain events",
            },
        ),
        migrations.RenameField(
            model_name="contract",
            old_name="deployed_at",
            new_name="recorded_at",
        ),
        migrations.RemoveField(
            model_name="contract",
            name="code_hash",
        ),
        migrations.RemoveField(
            model_name="contract",
            name="transaction_hash",
        ),
        migrations.AddField(
            model_name="chain",
            name="final_number",
            field=models.BigIntegerField(
                default=-1,
                help_text="Up to it the chain takes nothing back.",
                verbose_name="final block",
            ),
        ),
        migrations.AddField(
            model_name="chainevent",
            name="token_id",
            field=models.BigIntegerField(
                blank=True,
                help_text="Of a single token's transfer.",
                null=True,
                verbose_name="token id",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="confirmed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="seen on chain"),
        ),
        migrations.AlterField(
            model_name="chainevent",
            name="applied_at",
            field=models.DateTimeField(
                help_text="When it moved value, which is at finality.",
                null=True,
                verbose_name="applied",
            ),
        ),
        migrations.AlterField(
            model_name="chainevent",
            name="arguments",
            field=models.JSONField(verbose_name="arguments"),
        ),
        migrations.AlterField(
            model_name="chainevent",
            name="block_number",
            field=models.BigIntegerField(verbose_name="block"),
        ),
        migrations.AlterField(
            model_name="chainevent",
            name="name",
            field=models.CharField(max_length=60, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="chainevent",
            name="transaction_hash",
            field=models.CharField(max_length=66, verbose_name="transaction"),
        ),
        migrations.AddIndex(
            model_name="chainevent",
            index=models.Index(
                condition=models.Q(("token_id__isnull", False)),
                fields=["contract", "token_id", "block_number", "log_index"],
                name="nft_event_of_token",
            ),
        ),
        migrations.AddField(
            model_name="bridgehalt",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: the bridge itself.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="halted by",
            ),
        ),
        migrations.AddField(
            model_name="bridgehalt",
            name="event",
            field=models.ForeignKey(
                blank=True,
                help_text="What could not be applied, where that is the reason.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="halts",
                to="nft.chainevent",
                verbose_name="event",
            ),
        ),
        migrations.AddField(
            model_name="bridgeintent",
            name="block",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bridge_intents",
                to="registry.serialblock",
            ),
        ),
        migrations.AddField(
            model_name="bridgeintent",
            name="chain",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="intents", to="nft.chain"
            ),
        ),
        migrations.AddField(
            model_name="bridgeintent",
            name="credit_class",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.creditclass",
            ),
        ),
        migrations.AddField(
            model_name="bridgeintent",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bridge_intents",
                to="accounts.owner",
            ),
        ),
        migrations.AddField(
            model_name="bridgeintent",
            name="span",
            field=models.OneToOneField(
                blank=True,
                help_text="What is reserved while it is open.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="bridge_intent",
                to="registry.span",
            ),
        ),
        migrations.AddField(
            model_name="bridgeresume",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddField(
            model_name="bridgeresume",
            name="halt",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="resumes",
                to="nft.bridgehalt",
                verbose_name="halt",
            ),
        ),
        migrations.AddField(
            model_name="bridgeresume",
            name="proposed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="proposed by",
            ),
        ),
        migrations.AddField(
            model_name="chaintransaction",
            name="contract",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deployments",
                to="nft.contract",
            ),
        ),
        migrations.AddField(
            model_name="chaintransaction",
            name="intent",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="nft.bridgeintent",
            ),
        ),
        migrations.AddField(
            model_name="chaintransaction",
            name="signer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="nft.signer",
            ),
        ),
        migrations.AddField(
            model_name="mintrequest",
            name="credit_class",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.creditclass",
            ),
        ),
        migrations.AddField(
            model_name="mintrequest",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mint_requests",
                to="accounts.owner",
            ),
        ),
        migrations.AddField(
            model_name="bridgeintent",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="intents",
                to="nft.mintrequest",
            ),
        ),
        migrations.AddField(
            model_name="token",
            name="block",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tokens",
                to="registry.serialblock",
            ),
        ),
        migrations.AddField(
            model_name="token",
            name="contract",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tokens",
                to="nft.contract",
            ),
        ),
        migrations.AddField(
            model_name="token",
            name="intent",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose mint it came out with last.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tokens",
                to="nft.bridgeintent",
            ),
        ),
        migrations.AddField(
            model_name="tokenredemption",
            name="credit_class",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.creditclass",
            ),
        ),
        migrations.AddField(
            model_name="tokenredemption",
            name="event",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="redemption",
                to="nft.chainevent",
            ),
        ),
        migrations.AddField(
            model_name="tokenredemption",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="token_redemptions",
                to="accounts.owner",
                verbose_name="credited to",
            ),
        ),
        migrations.AddConstraint(
            model_name="bridgeresume",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="nft_bridgeresume_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="bridgeresume",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("decision", "pending")),
                    models.Q(
                        ("decided_by__isnull", False), ("decision__in", ["approved", "rejected"])
                    ),
                    _connector="OR",
                ),
                name="nft_bridgeresume_decided_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="bridgeresume",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision", "rejected"), _negated=True),
                fields=("halt",),
                name="nft_resume_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="chaintransaction",
            constraint=models.UniqueConstraint(
                fields=("signer", "nonce", "attempt"), name="nft_transaction_attempt_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="chaintransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("contract__isnull", True), ("intent__isnull", False)),
                    models.Q(("contract__isnull", False), ("intent__isnull", True)),
                    _connector="OR",
                ),
                name="nft_transaction_one_purpose",
            ),
        ),
        migrations.AddConstraint(
            model_name="chaintransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("hash__isnull", False), ("raw__isnull", False)),
                    ("broadcast_at__isnull", True),
                    _connector="OR",
                ),
                name="nft_transaction_signed_before_broadcast",
            ),
        ),
        migrations.AddConstraint(
            model_name="mintrequest",
            constraint=models.UniqueConstraint(
                fields=("owner", "idempotency_key"), name="nft_mintrequest_idempotent"
            ),
        ),
        migrations.AddConstraint(
            model_name="mintrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("tonnes__gt", 0)), name="nft_mintrequest_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="bridgeintent",
            index=models.Index(
                condition=models.Q(("state__in", ["final", "failed"]), _negated=True),
                fields=["state", "id"],
                name="nft_intent_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="bridgeintent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_grams__gt", 0),
                    django.db.models.lookups.Exact(
                        django.db.models.expressions.CombinedExpression(
                            models.F("amount_grams"), "%%", models.Value(1000000)
                        ),
                        0,
                    ),
                ),
                name="nft_intent_whole_tonnes",
            ),
        ),
        migrations.AddIndex(
            model_name="token",
            index=models.Index(fields=["owner_address", "state"], name="nft_token_owner"),
        ),
        migrations.AddConstraint(
            model_name="token",
            constraint=models.UniqueConstraint(
                fields=("contract", "token_id"), name="nft_token_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tokenredemption",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_grams__gt", 0)), name="nft_tokenredemption_positive"
            ),
        ),
    ]

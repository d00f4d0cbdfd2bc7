"""Coins leave for wallets and come from them; days of the public record are fixed on chain."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_coin_movements"),
        ("nft", "0005_list_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="AnchorLeaf",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=200)),
                ("content", models.TextField()),
            ],
            options={
                "verbose_name": "leaf",
                "verbose_name_plural": "leaves",
            },
        ),
        migrations.CreateModel(
            name="CoinDeposit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_address", models.CharField(max_length=42, verbose_name="from")),
                (
                    "amount",
                    models.BigIntegerField(
                        help_text="In micro-units of the asset.", verbose_name="amount"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="credited at")),
                (
                    "claimed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="claimed at"),
                ),
            ],
            options={
                "verbose_name": "deposit of coins",
                "verbose_name_plural": "deposits of coins",
            },
        ),
        migrations.CreateModel(
            name="CoinWithdrawal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
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
                (
                    "amount",
                    models.BigIntegerField(
                        help_text="In micro-units of the asset.", verbose_name="amount"
                    ),
                ),
                ("to_address", models.CharField(max_length=42, verbose_name="to")),
                (
                    "route",
                    models.CharField(
                        choices=[("vault", "Paid by the vault"), ("mint", "Minted")],
                        max_length=5,
                        verbose_name="route",
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=120)),
            ],
            options={
                "verbose_name": "withdrawal of coins",
                "verbose_name_plural": "withdrawals of coins",
            },
        ),
        migrations.CreateModel(
            name="DayAnchor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
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
                ("day", models.DateField(verbose_name="day")),
                ("root", models.CharField(max_length=66, verbose_name="root")),
                ("leaves_count", models.IntegerField(verbose_name="leaves")),
            ],
            options={
                "verbose_name": "anchored day",
                "verbose_name_plural": "anchored days",
                "ordering": ["-day"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="chaintransaction",
            name="nft_transaction_one_purpose",
        ),
        migrations.AddIndex(
            model_name="chainevent",
            index=models.Index(
                condition=models.Q(("token_id__isnull", True)),
                fields=["contract", "name"],
                name="nft_event_named",
            ),
        ),
        migrations.AddField(
            model_name="coindeposit",
            name="asset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.asset",
                verbose_name="coin",
            ),
        ),
        migrations.AddField(
            model_name="coindeposit",
            name="event",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="coin_deposit",
                to="nft.chainevent",
            ),
        ),
        migrations.AddField(
            model_name="coindeposit",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="coin_deposits",
                to="accounts.owner",
                verbose_name="credited to",
            ),
        ),
        migrations.AddField(
            model_name="coinwithdrawal",
            name="asset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.asset",
                verbose_name="coin",
            ),
        ),
        migrations.AddField(
            model_name="coinwithdrawal",
            name="chain",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="coin_withdrawals",
                to="nft.chain",
            ),
        ),
        migrations.AddField(
            model_name="coinwithdrawal",
            name="event",
            field=models.OneToOneField(
                blank=True,
                help_text="By which it left for good.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="coin_withdrawal",
                to="nft.chainevent",
            ),
        ),
        migrations.AddField(
            model_name="coinwithdrawal",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="coin_withdrawals",
                to="accounts.owner",
            ),
        ),
        migrations.AddField(
            model_name="chaintransaction",
            name="withdrawal",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="nft.coinwithdrawal",
            ),
        ),
        migrations.AddField(
            model_name="dayanchor",
            name="chain",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="anchors", to="nft.chain"
            ),
        ),
        migrations.AddField(
            model_name="dayanchor",
            name="event",
            field=models.OneToOneField(
                blank=True,
                help_text="By which it was fixed for good.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="day_anchor",
                to="nft.chainevent",
            ),
        ),
        migrations.AddField(
            model_name="anchorleaf",
            name="anchor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leaves",
                to="nft.dayanchor",
            ),
        ),
        migrations.AddField(
            model_name="chaintransaction",
            name="anchor",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="nft.dayanchor",
            ),
        ),
        migrations.AddConstraint(
            model_name="chaintransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("anchor__isnull", True),
                        ("contract__isnull", True),
                        ("intent__isnull", False),
                        ("withdrawal__isnull", True),
                    ),
                    models.Q(
                        ("anchor__isnull", True),
                        ("contract__isnull", True),
                        ("intent__isnull", True),
                        ("withdrawal__isnull", False),
                    ),
                    models.Q(
                        ("anchor__isnull", False),
                        ("contract__isnull", True),
                        ("intent__isnull", True),
                        ("withdrawal__isnull", True),
                    ),
                    models.Q(
                        ("anchor__isnull", True),
                        ("contract__isnull", False),
                        ("intent__isnull", True),
                        ("withdrawal__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="nft_transaction_one_purpose",
            ),
        ),
        migrations.AddIndex(
            model_name="coindeposit",
            index=models.Index(fields=["asset"], name="nft_coindeposit_asset"),
        ),
        migrations.AddConstraint(
            model_name="coindeposit",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="nft_coindeposit_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="coinwithdrawal",
            index=models.Index(
                condition=models.Q(("state__in", ["final", "failed"]), _negated=True),
                fields=["state", "id"],
                name="nft_coinwithdrawal_open",
            ),
        ),
        migrations.AddIndex(
            model_name="coinwithdrawal",
            index=models.Index(fields=["state", "id"], name="nft_coinwithdrawal_state"),
        ),
        migrations.AddIndex(
            model_name="coinwithdrawal",
            index=models.Index(fields=["asset", "created_at"], name="nft_coinwithdrawal_asset"),
        ),
        migrations.AddConstraint(
            model_name="coinwithdrawal",
            constraint=models.UniqueConstraint(
                fields=("owner", "idempotency_key"), name="nft_coinwithdrawal_idempotent"
            ),
        ),
        migrations.AddConstraint(
            model_name="coinwithdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="nft_coinwithdrawal_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="coinwithdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event__isnull", False), ("state", "final")),
                    models.Q(models.Q(("state", "final"), _negated=True), ("event__isnull", True)),
                    _connector="OR",
                ),
                name="nft_coinwithdrawal_final_by_event",
            ),
        ),
        migrations.AddConstraint(
            model_name="dayanchor",
            constraint=models.UniqueConstraint(fields=("chain", "day"), name="nft_dayanchor_once"),
        ),
        migrations.AddConstraint(
            model_name="dayanchor",
            constraint=models.CheckConstraint(
                condition=models.Q(("leaves_count__gt", 0)), name="nft_dayanchor_leaves"
            ),
        ),
        migrations.AddConstraint(
            model_name="anchorleaf",
            constraint=models.UniqueConstraint(
                fields=("anchor", "kind", "name"), name="nft_anchorleaf_once"
            ),
        ),
    ]

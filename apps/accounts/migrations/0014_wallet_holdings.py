"""How much lies in a linked wallet, as the chain said last."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_coin_movements"),
    ]

    operations = [
        migrations.CreateModel(
            name="WalletHolding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "amount",
                    models.BigIntegerField(
                        help_text="In micro-units of the asset.", verbose_name="amount"
                    ),
                ),
                ("block_number", models.BigIntegerField(verbose_name="block")),
                ("read_at", models.DateTimeField(verbose_name="read")),
                (
                    "asset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.asset",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holdings",
                        to="accounts.wallet",
                    ),
                ),
            ],
            options={
                "verbose_name": "holding of a wallet",
                "verbose_name_plural": "holdings of wallets",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("wallet", "asset"), name="accounts_walletholding_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0)),
                        name="accounts_walletholding_not_negative",
                    ),
                ],
            },
        ),
    ]

"""Coins that leave for a wallet and come from one, in the ledger and to webhooks."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_saved_filters"),
    ]

    operations = [
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (1, "Trade"),
                    (2, "Fee"),
                    (3, "Bank transfer"),
                    (4, "Receipt into custody"),
                    (5, "Withdrawal to the registry"),
                    (6, "Retirement"),
                    (7, "Taken out as NFT"),
                    (8, "Brought back from the chain"),
                    (9, "Pledge for CC"),
                    (10, "Redemption of CC"),
                    (11, "Gift"),
                    (12, "Sent to a wallet"),
                    (13, "Received from a wallet"),
                ],
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="webhookendpoint",
            name="events",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("order.fill", "An order traded"),
                        ("order.done", "An order is over"),
                        ("deposit.credited", "A deposit arrived"),
                        ("retirement.created", "Credits were retired"),
                        ("withdrawal.final", "A withdrawal left for its registry"),
                        ("withdrawal.refused", "A withdrawal was refused"),
                        ("mint.final", "NFTs were minted for good"),
                        ("mint.failed", "NFTs could not be minted"),
                        ("coin_withdrawal.final", "Coins reached a wallet for good"),
                        ("coin_withdrawal.failed", "Coins could not be sent"),
                    ],
                    max_length=40,
                ),
                default=list,
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="webhookmessage",
            name="event",
            field=models.CharField(
                choices=[
                    ("order.fill", "An order traded"),
                    ("order.done", "An order is over"),
                    ("deposit.credited", "A deposit arrived"),
                    ("retirement.created", "Credits were retired"),
                    ("withdrawal.final", "A withdrawal left for its registry"),
                    ("withdrawal.refused", "A withdrawal was refused"),
                    ("mint.final", "NFTs were minted for good"),
                    ("mint.failed", "NFTs could not be minted"),
                    ("coin_withdrawal.final", "Coins reached a wallet for good"),
                    ("coin_withdrawal.failed", "Coins could not be sent"),
                ],
                max_length=40,
                verbose_name="event",
            ),
        ),
    ]

"""Exchanges by quote are a kind of transfer of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0020_invoices"),
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
                    (14, "Exchange by quote"),
                ],
                verbose_name="kind",
            ),
        ),
    ]

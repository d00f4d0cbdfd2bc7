"""Indexes by which staff's lists filter intents, transactions and tokens."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_list_indexes"),
        ("nft", "0004_history"),
        ("registry", "0018_list_indexes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="bridgeintent",
            index=models.Index(fields=["state", "id"], name="nft_intent_state"),
        ),
        migrations.AddIndex(
            model_name="chaintransaction",
            index=models.Index(
                condition=models.Q(("succeeded", False)),
                fields=["signer", "nonce", "attempt"],
                name="nft_transaction_failed",
            ),
        ),
        migrations.AddIndex(
            model_name="chaintransaction",
            index=models.Index(
                condition=models.Q(("succeeded__isnull", True)),
                fields=["signer", "nonce", "attempt"],
                name="nft_transaction_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="token",
            index=models.Index(fields=["state", "id"], name="nft_token_state"),
        ),
    ]

"""Webhooks hear of requests for quotes."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

_EVENTS = [
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
    ("quote_request.asked", "Somebody asks for quotes"),
    ("quote_request.answered", "Somebody answered your request for quotes"),
    ("quote_request.closed", "A request for quotes is closed"),
    ("quote.awarded", "Your quote was taken"),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0023_sub_account_guards")]
    operations = [
        migrations.AlterField(
            model_name="webhookendpoint",
            name="events",
            field=ArrayField(
                models.CharField(choices=_EVENTS, max_length=40), default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="webhookmessage",
            name="event",
            field=models.CharField(choices=_EVENTS, max_length=40, verbose_name="event"),
        ),
    ]

"""Icebergs, and market orders that slip only so far."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orderbook", "0008_stops_times_and_entities"),
    ]

    operations = [
        migrations.AddField(
            model_name="command",
            name="display_size",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="slippage_bps",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="display_size",
            field=models.BigIntegerField(null=True, verbose_name="size in sight"),
        ),
        migrations.AddField(
            model_name="order",
            name="hidden",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="out of sight"),
        ),
        migrations.AddField(
            model_name="order",
            name="slippage_bps",
            field=models.PositiveSmallIntegerField(
                null=True, verbose_name="slippage, basis points"
            ),
        ),
        migrations.AlterField(
            model_name="command",
            name="kind",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (1, "Place"),
                    (2, "Cancel"),
                    (3, "Cancel all"),
                    (4, "Time passes"),
                    (5, "Cancel all after a time"),
                    (6, "Amend"),
                ]
            ),
        ),
    ]

"""Stop orders, orders that end at a time, dead man's switches, and who counts as one trader.

A priority has the turn within its event in its lowest 20 bits now.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_balance_no_truncate"),
        ("orderbook", "0007_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="command",
            name="entity",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.owner",
            ),
        ),
        migrations.AddField(
            model_name="command",
            name="expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="stop",
            field=models.PositiveSmallIntegerField(
                choices=[(1, "Stop loss"), (2, "Stop entry")], null=True
            ),
        ),
        migrations.AddField(
            model_name="command",
            name="stop_price",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="command",
            name="timeout_s",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="entity",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.owner",
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="expires_at",
            field=models.DateTimeField(null=True, verbose_name="ends"),
        ),
        migrations.AddField(
            model_name="order",
            name="parked",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="waits for its stop price"
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="stop",
            field=models.PositiveSmallIntegerField(
                choices=[(1, "Stop loss"), (2, "Stop entry")], null=True, verbose_name="stop"
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="stop_price",
            field=models.BigIntegerField(null=True, verbose_name="stop price"),
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
                ]
            ),
        ),
        migrations.AlterField(
            model_name="command",
            name="owner",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.owner",
            ),
        ),
        migrations.AlterField(
            model_name="command",
            name="time_in_force",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (0, "Good till cancelled"),
                    (1, "Immediate or cancel"),
                    (2, "Fill or kill"),
                    (3, "Good till a time"),
                ],
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="done_reason",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (1, "Filled"),
                    (2, "Canceled"),
                    (3, "Canceled: it would have traded with its owner"),
                    (4, "Canceled: what was left could not be filled at once"),
                    (5, "Rejected: insufficient funds"),
                    (6, "Rejected: post only, and it would have traded"),
                    (7, "Rejected: the market is not open"),
                    (8, "Rejected: not a whole number of the market's increments"),
                    (9, "Canceled: its time was over"),
                ],
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="time_in_force",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (0, "Good till cancelled"),
                    (1, "Immediate or cancel"),
                    (2, "Fill or kill"),
                    (3, "Good till a time"),
                ]
            ),
        ),
        migrations.CreateModel(
            name="Switch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("falls_at", models.DateTimeField(verbose_name="falls")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.owner",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orderbook.product",
                    ),
                ),
            ],
            options={
                "verbose_name": "dead man's switch",
                "verbose_name_plural": "dead man's switches",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("product", "owner"), name="orderbook_switch_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "UPDATE orderbook_order SET priority = priority << 20 WHERE status = 1",
            "UPDATE orderbook_order SET priority = priority >> 20 WHERE status = 1",
        ),
    ]

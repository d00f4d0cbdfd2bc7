"""Rules of the pool may want a label; what came in first goes out free, a choice costs a fee."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_coin_movements"),
        ("nft", "0006_coins_and_anchors"),
        ("registry", "0024_projects_are_compared_without_a_join"),
    ]

    operations = [
        migrations.AddField(
            model_name="poolredemption",
            name="asked_grams",
            field=models.BigIntegerField(
                blank=True,
                help_text="By the request for what came in first of which this is a part.",
                null=True,
                verbose_name="asked for, grams CO2e",
            ),
        ),
        migrations.AddField(
            model_name="poolredemption",
            name="fee_micro",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="In micro-units of CC.", verbose_name="fee"
            ),
        ),
        migrations.AddField(
            model_name="poolrule",
            name="label",
            field=models.ForeignKey(
                blank=True,
                help_text="That all of the class has. Empty: with or without labels.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="registry.label",
                verbose_name="label",
            ),
        ),
        migrations.AddConstraint(
            model_name="poolredemption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fee_micro__gte", 0),
                    models.Q(("asked_grams__isnull", True), ("fee_micro", 0), _connector="OR"),
                ),
                name="nft_poolredemption_first_is_free",
            ),
        ),
    ]

"""What everybody was owed when a day was fixed: a sum tree for each asset."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_gifts"),
        ("nft", "0007_pool_labels_and_first_in"),
    ]

    operations = [
        migrations.CreateModel(
            name="BalanceTree",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("root", models.CharField(max_length=66, verbose_name="root")),
                (
                    "total",
                    models.BigIntegerField(
                        help_text="In micro-units of the asset.", verbose_name="total"
                    ),
                ),
                (
                    "anchor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="balance_trees",
                        to="nft.dayanchor",
                    ),
                ),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.asset",
                    ),
                ),
            ],
            options={
                "verbose_name": "tree of balances",
                "verbose_name_plural": "trees of balances",
            },
        ),
        migrations.CreateModel(
            name="BalanceLeaf",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.IntegerField()),
                ("salt", models.BinaryField(max_length=32)),
                (
                    "amount",
                    models.BigIntegerField(
                        help_text="In micro-units of the asset.", verbose_name="amount"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.owner",
                    ),
                ),
                (
                    "tree",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaves",
                        to="nft.balancetree",
                    ),
                ),
            ],
            options={
                "verbose_name": "leaf of balances",
                "verbose_name_plural": "leaves of balances",
            },
        ),
        migrations.AddConstraint(
            model_name="balancetree",
            constraint=models.UniqueConstraint(
                fields=("anchor", "asset"), name="nft_balancetree_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="balancetree",
            constraint=models.CheckConstraint(
                condition=models.Q(("total__gt", 0)), name="nft_balancetree_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="balanceleaf",
            constraint=models.UniqueConstraint(
                fields=("tree", "place"), name="nft_balanceleaf_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="balanceleaf",
            constraint=models.UniqueConstraint(
                fields=("tree", "owner"), name="nft_balanceleaf_owner"
            ),
        ),
        migrations.AddConstraint(
            model_name="balanceleaf",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="nft_balanceleaf_positive"
            ),
        ),
    ]

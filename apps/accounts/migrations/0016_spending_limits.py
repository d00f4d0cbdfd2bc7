"""What members of an organisation may spend, with its history."""

import django.db.models.deletion
from django.db import migrations, models

from apps.accounts.history_triggers import record_history

_ROLES = [
    ("owner", "Owner"),
    ("trader", "Trader"),
    ("approver", "Approver"),
    ("accountant", "Accountant"),
    ("viewer", "Viewer"),
]


def _id():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


def _asset():
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="accounts.asset",
    )


def _organisation(related_name):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to="accounts.organisation",
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_gifts")]
    operations = [
        migrations.CreateModel(
            name="SpendingRule",
            fields=[
                ("id", _id()),
                ("second_above", models.BigIntegerField(verbose_name="two people above")),
                ("asset", _asset()),
                ("organisation", _organisation("spending_rules")),
            ],
            options={
                "verbose_name": "spending rule",
                "verbose_name_plural": "spending rules",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "asset"), name="accounts_spendingrule_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("second_above__gte", 0)),
                        name="accounts_spendingrule_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SpendingLimit",
            fields=[
                ("id", _id()),
                ("role", models.CharField(choices=_ROLES, max_length=12, verbose_name="role")),
                ("up_to", models.BigIntegerField(verbose_name="up to")),
                ("asset", _asset()),
                ("organisation", _organisation("spending_limits")),
            ],
            options={
                "verbose_name": "spending limit",
                "verbose_name_plural": "spending limits",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "asset", "role"),
                        name="accounts_spendinglimit_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("up_to__gte", 0)),
                        name="accounts_spendinglimit_positive",
                    ),
                ],
            },
        ),
        record_history("accounts_spendingrule"),
        record_history("accounts_spendinglimit"),
    ]

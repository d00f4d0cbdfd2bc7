"""Filters that staff keep under a name."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.accounts.history_triggers import record_history


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_list_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "model",
                    models.CharField(
                        help_text="registry.serialblock", max_length=100, verbose_name="list"
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("query", models.CharField(max_length=2000, verbose_name="query")),
                ("is_shared", models.BooleanField(default=False, verbose_name="for all staff")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="saved")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_filters",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="saved by",
                    ),
                ),
            ],
            options={
                "verbose_name": "saved filter",
                "verbose_name_plural": "saved filters",
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_shared", True)),
                        fields=["model"],
                        name="accounts_savedfilter_shared",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "model", "name"), name="accounts_savedfilter_once"
                    )
                ],
            },
        ),
        record_history("accounts_savedfilter"),
    ]

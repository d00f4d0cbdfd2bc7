"""The labels to start with, which staff keep from here on; what they change is in the history."""

from functools import partial
from typing import Any

from django.db import migrations

from apps.accounts.history_triggers import record_history
from apps.registry.taxonomy.labels import seed_labels

TABLES = ("label", "labelspelling", "labelgrant", "ratingagency", "ratinggrade", "rating")


def forward(apps: Any, schema_editor: Any) -> None:
    seed_labels(partial(apps.get_model, "registry"))


class Migration(migrations.Migration):
    dependencies = [("registry", "0021_labels_of_classes")]
    operations = [
        migrations.RunPython(forward, migrations.RunPython.noop),
        *(record_history(f"registry_{table}") for table in TABLES),
    ]

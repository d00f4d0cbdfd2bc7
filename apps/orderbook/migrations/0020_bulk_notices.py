"""What members were told of a bulk order; no change that its history is about."""

from django.db import migrations, models

from apps.accounts.history_triggers import record_history

TABLE = "orderbook_bulkexecution"
before = record_history(TABLE)


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0019_bulk_execution_guards")]
    operations = [
        migrations.AddField(
            model_name="bulkexecution",
            name="told",
            field=models.CharField(blank=True, db_default="", default="", max_length=12),
        ),
        migrations.RunSQL(before.reverse_sql, before.sql),
        record_history(TABLE, ignored=("told",)),
    ]

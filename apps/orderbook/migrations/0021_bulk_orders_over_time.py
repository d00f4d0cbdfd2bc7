"""Bulk orders that are bought over time: over how long is part of what is asked for and stays."""

import importlib

from django.db import migrations, models

_GUARDS = importlib.import_module("apps.orderbook.migrations.0019_bulk_execution_guards").FORWARD
_BEGINS = "CREATE FUNCTION orderbook_bulkexecution_guard()"
_ENDS = "CREATE TRIGGER orderbook_bulkexecution_guard"
_BODY = _GUARDS[_GUARDS.index(_BEGINS) : _GUARDS.index(_ENDS)]
BEFORE = _BODY.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
AFTER = BEFORE.replace("NEW.keep,", "NEW.keep, NEW.over_s,").replace(
    "OLD.keep,", "OLD.keep, OLD.over_s,"
)
assert AFTER.count("over_s") == 2, "the guard names what was asked for twice"


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0020_bulk_notices")]
    operations = [
        migrations.AddField(
            model_name="bulkexecution",
            name="over_s",
            field=models.PositiveIntegerField(
                db_default=0, default=0, verbose_name="over, seconds"
            ),
        ),
        migrations.RunSQL(AFTER, BEFORE),
    ]

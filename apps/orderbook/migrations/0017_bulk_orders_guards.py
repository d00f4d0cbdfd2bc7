"""What people do with bulk orders is in the history; lines and plans are written once."""

from django.db import migrations

from apps.accounts.history_triggers import record_history

_WRITTEN_ONCE = ("bulkdemand", "bulkline", "bulkplan", "bulkbuy", "bulkshort")

_FORWARD = """
CREATE TRIGGER orderbook_{table}_append_only BEFORE UPDATE OR DELETE ON orderbook_{table}
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
"""
_BACKWARD = "DROP TRIGGER orderbook_{table}_append_only ON orderbook_{table};"


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0016_bulk_orders"), ("accounts", "0005_history")]
    operations = [
        record_history("orderbook_bulkorder", ignored=("rows_read", "bytes_read", "attempt")),
        *(
            migrations.RunSQL(_FORWARD.format(table=table), _BACKWARD.format(table=table))
            for table in _WRITTEN_ONCE
        ),
    ]

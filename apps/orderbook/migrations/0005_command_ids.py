"""Command ids are drawn by a transaction that has its own id already.

The engine reads commands out of order and has to know when a missing one can no longer appear:
when every transaction that could have drawn its number has ended. It tells by transaction ids, so
a transaction must have its id before it draws. A plain `nextval` in an INSERT draws first.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION orderbook_command_id(product bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN pg_current_xact_id() IS NOT NULL
        THEN nextval(('orderbook_command_' || product)::regclass) END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0004_read_indexes")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION orderbook_command_id(bigint)")]

"""ANALYZE looks at few rows of the tables that grow with every order.

Whatever is asked of them goes by an index, so that finer statistics would decide nothing. But a
table has grown by a tenth every few seconds while it is small and orders are many, and a sample of
30,000 rows takes a processor for 0.1 to 0.3 s each time, while orders wait.
"""

from django.db import migrations

# PostgreSQL looks at 300 rows for each of `kept`, its statistics target; -1 is the server's own.
FORWARD = """
CREATE FUNCTION accounts_sample(name text, kept integer, nothing_of text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE of_column text;
BEGIN
    FOR of_column IN SELECT attname FROM pg_attribute
        WHERE attrelid = name::regclass AND attnum > 0 AND NOT attisdropped LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS %s', name, of_column,
            CASE WHEN of_column = ANY(nothing_of) THEN 0 ELSE kept END);
    END LOOP;
END $$;
SELECT accounts_sample('accounts_transfer', 10);
"""
BACKWARD = """
SELECT accounts_sample('accounts_transfer', -1);
DROP FUNCTION accounts_sample(text, integer, text[]);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0025_transfers_numbered_by_batch")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

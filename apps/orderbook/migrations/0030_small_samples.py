"""ANALYZE looks at few rows of the journal, of what came of it, and at nothing of what events say."""

from django.db import migrations

TABLES = """
    FOR name IN SELECT unnest('{orderbook_command,orderbook_order,orderbook_fill}'::text[])
        UNION ALL SELECT inhrelid::regclass::text FROM pg_inherits
            WHERE inhparent = 'orderbook_event'::regclass LOOP
"""
TABLE = """
CREATE OR REPLACE FUNCTION orderbook_event_month_table(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE orderbook_event INCLUDING DEFAULTS,'
        ' PRIMARY KEY (id))', name);
    PERFORM orderbook_event_month_once(name);{sample}
    EXECUTE format('CREATE TRIGGER orderbook_event_no_truncate BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only()', name);
END $$;
"""
SAMPLE = "PERFORM accounts_sample(name, 10, '{body,hash}');"


def all_tables(sample: str) -> str:
    return f"""
DO $$
DECLARE name text;
BEGIN{TABLES}
        {sample}
    END LOOP;
END $$;
"""


FORWARD = all_tables(SAMPLE) + TABLE.replace("{sample}", f"\n    {SAMPLE}")
BACKWARD = all_tables("PERFORM accounts_sample(name, -1);") + TABLE.replace("{sample}", "")


class Migration(migrations.Migration):
    dependencies = [
        ("orderbook", "0029_events_of_other_commands"),
        ("accounts", "0026_small_samples"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

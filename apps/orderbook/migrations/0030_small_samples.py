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
    PERFORM orderbook_event_month_once(name);{samples}
    EXECUTE format('CREATE TRIGGER orderbook_event_no_truncate BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only()', name);
END $$;
"""
SAMPLES = "PERFORM accounts_sample_little(name, '{body,hash}');"
FORWARD = f"""
DO $$
DECLARE name text;
BEGIN{TABLES}
        {SAMPLES}
    END LOOP;
END $$;
""" + TABLE.replace("{samples}", f"\n    {SAMPLES}")
BACKWARD = f"""
DO $$
DECLARE name text; of_column text;
BEGIN{TABLES}
        FOR of_column IN SELECT attname FROM pg_attribute
            WHERE attrelid = name::regclass AND attnum > 0 AND NOT attisdropped LOOP
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS -1', name, of_column);
        END LOOP;
    END LOOP;
END $$;
""" + TABLE.replace("{samples}", "")


class Migration(migrations.Migration):
    dependencies = [
        ("orderbook", "0029_events_of_other_commands"),
        ("accounts", "0026_small_samples"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

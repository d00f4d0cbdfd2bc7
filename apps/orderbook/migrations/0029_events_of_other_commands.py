"""Events of place commands leave the index by command: their orders have the commands' ids.

Three of four events are such. That each is there once follows from the orders' key; of all other
commands' events the index goes on to say so, in each month's table.
"""

from django.db import migrations, models

PLACED_BEGINS = '{"asked":{"client_oid":'
CONDITION = r"""body NOT LIKE '{"asked":{"client\_oid":%'"""

# A month's table, and the index or constraint by which its commands are found.
MONTHS = """
    FOR name IN SELECT inhrelid::regclass::text FROM pg_inherits
        WHERE inhparent = 'orderbook_event'::regclass LOOP
"""
TABLE = """
CREATE OR REPLACE FUNCTION orderbook_event_month_table(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE orderbook_event INCLUDING DEFAULTS,'
        ' PRIMARY KEY (id){unique})', name);{index}
    EXECUTE format('CREATE TRIGGER orderbook_event_no_truncate BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only()', name);
END $$;
"""
FORWARD = f"""
CREATE FUNCTION orderbook_event_month_once(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (command_id) WHERE %s', name || '_once', name,
        $condition${CONDITION}$condition$);
END $$;
DO $$
DECLARE name text; old text;
BEGIN{MONTHS}
        PERFORM orderbook_event_month_once(name);
        FOR old IN SELECT conname FROM pg_constraint
            WHERE conrelid = name::regclass AND contype = 'u' LOOP
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', name, old);
        END LOOP;
    END LOOP;
END $$;
""" + TABLE.replace("{unique}", "").replace(
    "{index}", "\n    PERFORM orderbook_event_month_once(name);"
)
BACKWARD = (
    f"""
DO $$
DECLARE name text;
BEGIN{MONTHS}
        EXECUTE format('ALTER TABLE %I ADD UNIQUE (command_id)', name);
        EXECUTE format('DROP INDEX %I', name || '_once');
    END LOOP;
END $$;
"""
    + TABLE.replace("{unique}", ", UNIQUE (command_id)").replace("{index}", "")
    + """
DROP FUNCTION orderbook_event_month_once(text);
"""
)


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0028_records_with_numbers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(FORWARD, BACKWARD)],
            [
                migrations.AlterField("event", "command_id", models.BigIntegerField()),
                migrations.AddConstraint(
                    "event",
                    models.UniqueConstraint(
                        fields=["command_id"],
                        condition=~models.Q(("body__startswith", PLACED_BEGINS)),
                        name="orderbook_event_once",
                    ),
                ),
            ],
        )
    ]

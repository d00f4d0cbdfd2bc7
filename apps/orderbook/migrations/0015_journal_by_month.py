"""Events stand in one table per month, so that old months can be archived and dropped at once.

A month's table has its own unique indexes: over all months, that an event is there once follows from
the counter in its product's lease, which moves on in the same transaction. What was written before
goes into the current month's table, whose lower end is open. `orderbook_event_other` takes what no
month's table takes, so that a market never stops for want of one.

Docs: docs/adr/0012-events-stand-in-months.md.
"""

import django.db.models.deletion
from django.db import migrations, models

MONTHS_AHEAD = 3

FORWARD = f"""
CREATE FUNCTION orderbook_event_month_name(first date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'orderbook_event_' || to_char(first, 'YYYY_MM')
$$;
CREATE FUNCTION orderbook_event_month_table(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE orderbook_event INCLUDING DEFAULTS,'
        ' PRIMARY KEY (id), UNIQUE (command_id))', name);
    EXECUTE format('CREATE TRIGGER orderbook_event_no_truncate BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only()', name);
END $$;
CREATE FUNCTION orderbook_event_month_create(day date) RETURNS void LANGUAGE plpgsql
    SET lock_timeout = '500ms' AS $$
DECLARE
    first date := date_trunc('month', day::timestamp);
    lower timestamptz := first::timestamp AT TIME ZONE 'UTC';
    upper timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
    name text := orderbook_event_month_name(first);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('orderbook_event_month'));
    IF to_regclass(name) IS NOT NULL OR EXISTS (
        SELECT FROM orderbook_event_other WHERE created_at >= lower AND created_at < upper
    ) THEN
        RETURN;
    END IF;
    PERFORM orderbook_event_month_table(name);
    EXECUTE format('ALTER TABLE orderbook_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, lower, upper);
END $$;

DROP TRIGGER orderbook_event_append_only ON orderbook_event;
DROP TRIGGER orderbook_event_no_truncate ON orderbook_event;
DO $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    first date := date_trunc('month', today::timestamp);
    name text := orderbook_event_month_name(first);
    upper timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format('ALTER TABLE orderbook_event RENAME TO %I', name);
    EXECUTE format('CREATE TABLE orderbook_event (LIKE %I INCLUDING DEFAULTS)'
        ' PARTITION BY RANGE (created_at)', name);
    EXECUTE format('ALTER TABLE orderbook_event ATTACH PARTITION %I'
        ' FOR VALUES FROM (MINVALUE) TO (%L)', name, upper);
    EXECUTE format('CREATE TRIGGER orderbook_event_no_truncate BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only()', name);
    PERFORM orderbook_event_month_table('orderbook_event_other');
    ALTER TABLE orderbook_event ATTACH PARTITION orderbook_event_other DEFAULT;
    FOR ahead IN 1..{MONTHS_AHEAD} LOOP
        PERFORM orderbook_event_month_create((first + make_interval(months => ahead))::date);
    END LOOP;
END $$;
CREATE TRIGGER orderbook_event_append_only BEFORE UPDATE OR DELETE ON orderbook_event
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER orderbook_event_no_truncate BEFORE TRUNCATE ON orderbook_event
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""

BACKWARD = """
CREATE TABLE orderbook_event_whole (LIKE orderbook_event INCLUDING DEFAULTS);
INSERT INTO orderbook_event_whole SELECT * FROM orderbook_event;
DROP TABLE orderbook_event;
ALTER TABLE orderbook_event_whole RENAME TO orderbook_event;
ALTER TABLE orderbook_event ADD CONSTRAINT orderbook_event_pkey PRIMARY KEY (id),
    ADD CONSTRAINT orderbook_event_command_id_key UNIQUE (command_id);
CREATE TRIGGER orderbook_event_append_only BEFORE UPDATE OR DELETE ON orderbook_event
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER orderbook_event_no_truncate BEFORE TRUNCATE ON orderbook_event
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
DROP FUNCTION orderbook_event_month_create(date);
DROP FUNCTION orderbook_event_month_table(text);
DROP FUNCTION orderbook_event_month_name(date);
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0014_fee_tiers")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.CreateModel(
            name="JournalArchive",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(verbose_name="month")),
                ("first_number", models.BigIntegerField(verbose_name="first event")),
                ("last_number", models.BigIntegerField(verbose_name="last event")),
                ("last_sequence", models.BigIntegerField()),
                ("last_hash", models.BinaryField(max_length=32)),
                ("file", models.CharField(max_length=200, verbose_name="file")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the file")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.Now(), verbose_name="archived"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="journal_archives",
                        to="orderbook.product",
                    ),
                ),
            ],
            options={
                "verbose_name": "archived part of a journal",
                "verbose_name_plural": "archived parts of journals",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("product", "first_number"),
                        name="orderbook_journalarchive_once",
                    )
                ],
            },
        ),
    ]

"""What the database itself refuses about blocks and spans.

A span lies inside its block; the public trace is append-only; a block keeps its serials.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION registry_span_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM registry_serialblock b
        WHERE b.id = NEW.block_id
          AND b.state = 'immobilised'
          AND int8range(b.base, b.base + (b."end" - b.start + 1) * 1000000) @> NEW.grams
    ) THEN
        RAISE EXCEPTION 'span % is not inside an immobilised block', NEW.grams
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_span_inside_block';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_span_inside_block BEFORE INSERT OR UPDATE OF block_id, grams
    ON registry_span FOR EACH ROW EXECUTE FUNCTION registry_span_guard();

CREATE FUNCTION registry_block_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a block keeps its serials and addresses' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER registry_block_identity
    BEFORE UPDATE OF series_id, start, "end", base ON registry_serialblock FOR EACH ROW
    WHEN ((OLD.series_id, OLD.start, OLD."end", OLD.base)
          IS DISTINCT FROM (NEW.series_id, NEW.start, NEW."end", NEW.base))
    EXECUTE FUNCTION registry_block_guard();

CREATE TRIGGER registry_event_append_only BEFORE UPDATE OR DELETE ON registry_creditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER registry_event_no_truncate BEFORE TRUNCATE ON registry_creditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""

BACKWARD = """
DROP TRIGGER registry_event_no_truncate ON registry_creditevent;
DROP TRIGGER registry_event_append_only ON registry_creditevent;
DROP TRIGGER registry_block_identity ON registry_serialblock;
DROP FUNCTION registry_block_guard();
DROP TRIGGER registry_span_inside_block ON registry_span;
DROP FUNCTION registry_span_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial"), ("accounts", "0002_ledger_guards")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

"""Addresses of new blocks are checked once for a statement, where the statement gives them.

Whoever inserts a million blocks knows their series anyway: looking it up again in a trigger for
each row cost more than the primary key. Two indexes go that others already serve;
a bare serial number is found by one of its own.
"""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
DROP TRIGGER registry_block_place ON registry_serialblock;
CREATE TRIGGER registry_block_place BEFORE INSERT ON registry_serialblock
    FOR EACH ROW WHEN (NEW.base = -1 OR NEW.state = 'immobilised')
    EXECUTE FUNCTION registry_block_place();

CREATE FUNCTION registry_block_placed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
    SELECT b.serial INTO bad FROM inserted b JOIN registry_serialseries s ON s.id = b.series_id
    WHERE b.base <> s.first_gram + b.start * 1000000 OR b."end" >= s.window_tonnes LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'block % is not at the address of its serials', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_block_in_window';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_block_placed AFTER INSERT ON registry_serialblock
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION registry_block_placed();
"""

BACKWARD = """
DROP TRIGGER registry_block_placed ON registry_serialblock;
DROP FUNCTION registry_block_placed();
DROP TRIGGER registry_block_place ON registry_serialblock;
CREATE TRIGGER registry_block_place BEFORE INSERT ON registry_serialblock
    FOR EACH ROW EXECUTE FUNCTION registry_block_place();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0015_custody_statements")]

    operations = [
        migrations.AlterField(
            "serialblock",
            "series",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="blocks",
                to="registry.serialseries",
            ),
        ),
        migrations.AlterField(
            "serialblock",
            "vintage",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="blocks",
                to="registry.vintage",
            ),
        ),
        migrations.AddIndex(
            "serialblock",
            django.contrib.postgres.indexes.GistIndex(
                models.Func(models.F("start"), models.F("end") + 1, function="int8range"),
                condition=models.Q(("end__lt", 20000000)),
                name="registry_block_numbers",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

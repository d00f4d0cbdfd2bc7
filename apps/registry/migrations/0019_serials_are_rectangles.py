"""No serial in two blocks, said of rectangles: numbers along one side, the series along the other.

PostgreSQL compares boxes of floats more than twice as fast as ranges, and the index behind the
constraint finds a bare number in all series at once, so that one of two such indexes goes. Floats
are exact here: numbers stay below 10^15, and neighbours are half a serial apart.

Blocks do not overlap, so the ones that a range of gram addresses reaches are found by their first
addresses alone; `registry_blocks_reached` says so in one place.
"""

import django.contrib.postgres.constraints
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION registry_serials(series bigint, first bigint, last bigint) RETURNS box
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT box(point(first::float8, series::float8), point(last::float8 + 0.5, series::float8 + 0.5))
$$;
CREATE FUNCTION registry_serials_numbered(number bigint) RETURNS box
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT box(point(number::float8, 0), point(number::float8, 'Infinity'))
$$;

CREATE FUNCTION registry_blocks_reached(grams int8range) RETURNS SETOF registry_serialblock
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT b.* FROM registry_serialblock b
    WHERE b.base < upper(grams) AND b.base >= coalesce((
            SELECT p.base FROM registry_serialblock p WHERE p.base <= lower(grams)
            ORDER BY p.base DESC LIMIT 1), lower(grams))
      AND b.base + (b."end" - b.start + 1) * 1000000 > lower(grams)
$$;

CREATE OR REPLACE FUNCTION registry_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE block_state text;
BEGIN
    -- Every block that it reaches is locked whatever its state, and judged by what it is then.
    FOR block_state IN
        SELECT b.state FROM registry_serialblock b
        WHERE b.id IN (SELECT r.id FROM registry_blocks_reached(NEW.grams) r)
        ORDER BY b.id FOR SHARE
    LOOP
        IF block_state = 'immobilised' THEN
            RAISE EXCEPTION 'serials of % are in our custody', NEW.reference
                USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_entry_not_held';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
"""

BACKWARD = """
CREATE OR REPLACE FUNCTION registry_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE block_state text;
BEGIN
    FOR block_state IN
        SELECT b.state FROM registry_serialblock b
        WHERE int8range(b.base, b.base + (((b."end" - b.start) + 1) * 1000000)) && NEW.grams
        ORDER BY b.id FOR SHARE
    LOOP
        IF block_state = 'immobilised' THEN
            RAISE EXCEPTION 'serials of % are in our custody', NEW.reference
                USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_entry_not_held';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
DROP FUNCTION registry_blocks_reached(int8range);
DROP FUNCTION registry_serials_numbered(bigint);
DROP FUNCTION registry_serials(bigint, bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0018_list_indexes")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RemoveIndex("serialblock", "registry_block_numbers"),
        migrations.RemoveConstraint("serialblock", "registry_block_serials_once"),
        migrations.AddConstraint(
            "serialblock",
            django.contrib.postgres.constraints.ExclusionConstraint(
                name="registry_block_serials_once",
                expressions=[
                    (
                        models.Func(
                            models.F("series"),
                            models.F("start"),
                            models.F("end"),
                            function="registry_serials",
                        ),
                        "&&",
                    )
                ],
            ),
        ),
    ]

"""Addresses follow from series and serial number (docs/adr/0004), and the database says so.

- A series gets the next free window of gram addresses and keeps it.
- A block's first address is its place in that window. Since one serial has one address, one
  exclusion constraint over addresses keeps serials and grams apart; it is three times as fast
  as one over `numrange` of series and serial number.
- An immobilised block knows its free grams: all that are in no span.
- The blocks of a vintage never add up to more than its total issuance.
"""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Func, Q

import apps.registry.models.fields

FORWARD = """
CREATE FUNCTION registry_series_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One after another: two new series must not take the same window.
    PERFORM pg_advisory_xact_lock(hashtext('registry_series_place'));
    SELECT s.first_gram + s.window_tonnes * 1000000 INTO NEW.first_gram
    FROM registry_serialseries s ORDER BY s.first_gram DESC LIMIT 1;
    NEW.first_gram := coalesce(NEW.first_gram, 0);
    -- Overflows, and so refuses, where the window would reach beyond 64 bits.
    PERFORM NEW.first_gram + NEW.window_tonnes * 1000000;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_series_place BEFORE INSERT ON registry_serialseries
    FOR EACH ROW EXECUTE FUNCTION registry_series_place();

CREATE FUNCTION registry_series_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a series keeps its key and its window' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER registry_series_identity
    BEFORE UPDATE ON registry_serialseries FOR EACH ROW
    WHEN ((OLD.registry_id, OLD.key, OLD.first_gram, OLD.window_tonnes)
          IS DISTINCT FROM (NEW.registry_id, NEW.key, NEW.first_gram, NEW.window_tonnes))
    EXECUTE FUNCTION registry_series_guard();

CREATE FUNCTION registry_block_grams(block registry_serialblock) RETURNS int8range
LANGUAGE sql IMMUTABLE AS $$
    SELECT int8range(block.base, block.base + (block."end" - block.start + 1) * 1000000)
$$;

CREATE FUNCTION registry_block_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE room bigint;
BEGIN
    SELECT s.first_gram + NEW.start * 1000000, s.window_tonnes INTO NEW.base, room
    FROM registry_serialseries s WHERE s.id = NEW.series_id;
    IF NEW."end" >= room THEN
        RAISE EXCEPTION 'serial % does not fit the window of its series', NEW."end"
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_block_in_window';
    END IF;
    IF NEW.state = 'immobilised' THEN
        NEW.free := int8multirange(registry_block_grams(NEW));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_block_place BEFORE INSERT ON registry_serialblock
    FOR EACH ROW EXECUTE FUNCTION registry_block_place();

CREATE FUNCTION registry_block_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.free := NULL;
    IF NEW.state = 'immobilised' THEN
        SELECT int8multirange(registry_block_grams(NEW)) - coalesce(range_agg(grams), '{}')
        INTO NEW.free FROM registry_span WHERE block_id = NEW.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_block_state BEFORE UPDATE OF state ON registry_serialblock
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION registry_block_state();

CREATE FUNCTION registry_span_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE registry_serialblock SET free = free + int8multirange(OLD.grams)
        WHERE id = OLD.block_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE registry_serialblock SET free = free - int8multirange(NEW.grams)
        WHERE id = NEW.block_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_span_free AFTER INSERT OR DELETE OR UPDATE OF block_id, grams
    ON registry_span FOR EACH ROW EXECUTE FUNCTION registry_span_free();

CREATE FUNCTION registry_vintage_check(vintage bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE bad bigint;
BEGIN
    -- Locked, so that two imports cannot each fill what is left of one vintage.
    PERFORM FROM registry_vintage v WHERE v.id = ANY (vintage) ORDER BY v.id FOR NO KEY UPDATE;
    SELECT v.id INTO bad
    FROM registry_vintage v JOIN registry_serialblock b ON b.vintage_id = v.id
    WHERE v.id = ANY (vintage)
    GROUP BY v.id HAVING sum(b."end" - b.start + 1) > v.issued_tonnes LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the blocks of vintage % exceed its total issuance', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_vintage_total';
    END IF;
END $$;
CREATE FUNCTION registry_block_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM registry_vintage_check(ARRAY(SELECT DISTINCT vintage_id FROM inserted));
    RETURN NULL;
END $$;
CREATE TRIGGER registry_block_total_insert AFTER INSERT ON registry_serialblock
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION registry_block_total();
CREATE TRIGGER registry_block_vintage
    BEFORE UPDATE OF vintage_id ON registry_serialblock FOR EACH ROW
    WHEN (OLD.vintage_id IS DISTINCT FROM NEW.vintage_id)
    EXECUTE FUNCTION registry_block_guard();
CREATE FUNCTION registry_vintage_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM registry_vintage_check(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE TRIGGER registry_vintage_total AFTER UPDATE OF issued_tonnes ON registry_vintage
    FOR EACH ROW WHEN (OLD.issued_tonnes IS DISTINCT FROM NEW.issued_tonnes)
    EXECUTE FUNCTION registry_vintage_total();

CREATE SEQUENCE registry_certificate_number;
"""

BACKWARD = """
DROP SEQUENCE registry_certificate_number;
DROP TRIGGER registry_vintage_total ON registry_vintage;
DROP FUNCTION registry_vintage_total();
DROP TRIGGER registry_block_vintage ON registry_serialblock;
DROP TRIGGER registry_block_total_insert ON registry_serialblock;
DROP FUNCTION registry_block_total();
DROP FUNCTION registry_vintage_check(bigint[]);
DROP TRIGGER registry_span_free ON registry_span;
DROP FUNCTION registry_span_free();
DROP TRIGGER registry_block_state ON registry_serialblock;
DROP FUNCTION registry_block_state();
DROP TRIGGER registry_block_place ON registry_serialblock;
DROP FUNCTION registry_block_place();
DROP FUNCTION registry_block_grams(registry_serialblock);
DROP TRIGGER registry_series_identity ON registry_serialseries;
DROP FUNCTION registry_series_guard();
DROP TRIGGER registry_series_place ON registry_serialseries;
DROP FUNCTION registry_series_place();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_registry_guards")]

    operations = [
        migrations.RemoveConstraint("serialblock", "registry_block_sane"),
        migrations.RemoveConstraint("serialblock", "registry_block_serials_once"),
        migrations.RemoveConstraint("vintage", "registry_vintage_once"),
        migrations.RemoveConstraint("vintage", "registry_vintage_sane"),
        migrations.AddField(
            "importrefusal", "text", models.TextField(blank=True, verbose_name="the line")
        ),
        migrations.AddField(
            "importrun",
            "accepted_tonnes",
            models.BigIntegerField(default=0, verbose_name="tonnes accepted"),
        ),
        migrations.AddField(
            "project",
            "kind",
            models.CharField(
                blank=True,
                help_text="Our short word for it: Wind power.",
                max_length=60,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            "serialblock",
            "free",
            apps.registry.models.fields.BigIntegerMultiRangeField(
                blank=True,
                editable=False,
                help_text="Grams of an immobilised block that are in no span; kept by the database.",
                null=True,
                verbose_name="free grams",
            ),
        ),
        migrations.AddField(
            "serialseries",
            "first_gram",
            models.BigIntegerField(
                db_default=-1, editable=False, unique=True, verbose_name="address of serial 0"
            ),
        ),
        migrations.AddField(
            "serialseries",
            "window_tonnes",
            models.BigIntegerField(
                db_default=20000000, default=20000000, verbose_name="room for serials"
            ),
        ),
        migrations.AddField(
            "vintage",
            "year",
            models.PositiveSmallIntegerField(default=0, verbose_name="vintage year"),
            preserve_default=False,
        ),
        migrations.RunSQL(
            'UPDATE registry_vintage SET year = extract(year FROM "end")', migrations.RunSQL.noop
        ),
        migrations.AlterField(
            "project",
            "methodologies",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200),
                blank=True,
                default=list,
                size=None,
                verbose_name="methodologies",
            ),
        ),
        migrations.AlterField(
            "project",
            "project_type",
            models.CharField(blank=True, max_length=200, verbose_name="type, as the registry says"),
        ),
        migrations.AlterField(
            "serialblock",
            "base",
            models.BigIntegerField(
                db_default=-1, editable=False, unique=True, verbose_name="first gram address"
            ),
        ),
        migrations.RemoveField("serialblock", "certifications"),
        migrations.AddField(
            "serialblock",
            "certifications",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200),
                blank=True,
                default=list,
                size=None,
                verbose_name="additional certifications",
            ),
        ),
        migrations.AlterField(
            "serialblock", "serial", models.CharField(max_length=200, verbose_name="serial")
        ),
        migrations.AlterField(
            "vintage",
            "credit_class",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="vintages",
                to="registry.creditclass",
            ),
        ),
        migrations.AlterField(
            "vintage",
            "issued_tonnes",
            models.BigIntegerField(blank=True, null=True, verbose_name="total issuance, tonnes"),
        ),
        migrations.AddConstraint(
            "serialblock",
            models.CheckConstraint(
                condition=Q(start__gte=0, end__gte=F("start"), base__gte=0),
                name="registry_block_sane",
            ),
        ),
        migrations.AddConstraint(
            "serialblock",
            django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (
                        Func(
                            F("base"),
                            F("base") + (F("end") - F("start") + 1) * 1000000,
                            function="int8range",
                        ),
                        "&&",
                    )
                ],
                name="registry_block_serials_once",
            ),
        ),
        migrations.AddConstraint(
            "serialseries",
            models.CheckConstraint(
                condition=Q(first_gram__gte=0, window_tonnes__gt=0),
                name="registry_series_window",
            ),
        ),
        migrations.AddConstraint(
            "vintage",
            models.UniqueConstraint(
                fields=("project", "start", "end", "year"), name="registry_vintage_once"
            ),
        ),
        migrations.AddConstraint(
            "vintage",
            models.CheckConstraint(
                condition=Q(end__gte=F("start"))
                & (Q(issued_tonnes__isnull=True) | Q(issued_tonnes__gt=0)),
                name="registry_vintage_sane",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

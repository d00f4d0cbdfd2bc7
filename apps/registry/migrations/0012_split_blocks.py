"""Blocks are cut where the registry cuts them, and leave custody only for something.

- A block in custody is cut as well: its parts stay in custody and keep their origin.
- A block leaves custody only once every gram of it is withdrawn or retired, in spans.
- A receipt says which grams it received, however the block is cut later, so that what was
  withdrawn can come back under a receipt of its own.
"""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
CREATE OR REPLACE FUNCTION registry_span_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM registry_serialblock b
        WHERE b.id = NEW.block_id
          -- What left custody is in spans of that state, which a cut may part.
          AND (b.state = 'immobilised'
               OR (b.state = NEW.state AND NEW.state IN ('retired', 'withdrawn')))
          AND registry_block_grams(b) @> NEW.grams
    ) THEN
        RAISE EXCEPTION 'span % is not inside an immobilised block', NEW.grams
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_span_inside_block';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION registry_span_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a % span stays what it is', OLD.state USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER registry_span_retired_for_good BEFORE DELETE ON registry_span FOR EACH ROW
    WHEN (OLD.state = 'retired') EXECUTE FUNCTION registry_span_keeps();
CREATE TRIGGER registry_span_state_for_good
    BEFORE UPDATE OF state, retirement_id ON registry_span FOR EACH ROW
    WHEN (OLD.state IN ('retired', 'withdrawn')
          AND (OLD.state, OLD.retirement_id) IS DISTINCT FROM (NEW.state, NEW.retirement_id))
    EXECUTE FUNCTION registry_span_keeps();
CREATE FUNCTION registry_span_returns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Withdrawn grams are free again only where their block was received again.
    IF EXISTS (SELECT FROM registry_serialblock b
               WHERE b.id = OLD.block_id AND b.state <> 'immobilised') THEN
        RAISE EXCEPTION 'withdrawn grams % come back with a receipt', OLD.grams
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER registry_span_returns BEFORE DELETE ON registry_span FOR EACH ROW
    WHEN (OLD.state = 'withdrawn') EXECUTE FUNCTION registry_span_returns();

CREATE OR REPLACE FUNCTION registry_span_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A span that moves to a part cut from its block gives nothing back to that block.
    IF TG_OP <> 'INSERT' THEN
        UPDATE registry_serialblock b
        SET free = free + int8multirange(OLD.grams) * int8multirange(registry_block_grams(b))
        WHERE id = OLD.block_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE registry_serialblock SET free = free - int8multirange(NEW.grams)
        WHERE id = NEW.block_id;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION registry_block_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gone int8multirange;
BEGIN
    NEW.free := NULL;
    IF NEW.state = 'immobilised' THEN
        SELECT int8multirange(registry_block_grams(NEW)) - coalesce(range_agg(grams), '{}')
        INTO NEW.free FROM registry_span WHERE block_id = NEW.id;
    END IF;
    IF OLD.state = 'immobilised' THEN
        SELECT coalesce(range_agg(grams), '{}') INTO gone
        FROM registry_span WHERE block_id = NEW.id AND state = NEW.state;
        IF NEW.state NOT IN ('withdrawn', 'retired')
           OR gone <> int8multirange(registry_block_grams(NEW)) THEN
            RAISE EXCEPTION 'grams of % are still in our custody', NEW.serial
                USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_block_leaves_custody';
        END IF;
    ELSIF OLD.state = 'retired' OR NEW.state = 'issued'
          OR (OLD.state = 'issued' AND NEW.state = 'withdrawn') THEN
        RAISE EXCEPTION 'a block does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_block_state_order';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER registry_block_identity ON registry_serialblock;
CREATE TRIGGER registry_block_identity
    BEFORE UPDATE OF series_id, start, "end", base, root_id ON registry_serialblock FOR EACH ROW
    WHEN ((OLD.series_id, OLD.start, OLD.base, OLD.root_id)
          IS DISTINCT FROM (NEW.series_id, NEW.start, NEW.base, NEW.root_id)
          OR NEW."end" > OLD."end")
    EXECUTE FUNCTION registry_block_guard();

CREATE FUNCTION registry_block_cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.free := NEW.free * int8multirange(registry_block_grams(NEW));
    RETURN NEW;
END $$;
CREATE TRIGGER registry_block_cut BEFORE UPDATE OF "end" ON registry_serialblock FOR EACH ROW
    WHEN (NEW."end" < OLD."end") EXECUTE FUNCTION registry_block_cut();

-- That the pieces are the whole is checked already; pieces of what was ours stay ours, and of one
-- origin.
CREATE FUNCTION registry_block_cut_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM registry_serialblock b
        WHERE b.base > OLD.base AND b.base < upper(registry_block_grams(OLD))
          AND (b.state = 'issued' OR b.root_id IS DISTINCT FROM coalesce(OLD.root_id, OLD.id))
    ) THEN
        RAISE EXCEPTION 'what is cut from % has left our custody or its origin', OLD.serial
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_block_cut_kept';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER registry_block_cut_kept AFTER UPDATE OF "end" ON registry_serialblock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW."end" < OLD."end" AND OLD.state <> 'issued')
    EXECUTE FUNCTION registry_block_cut_kept();

CREATE TRIGGER registry_split_append_only BEFORE UPDATE OR DELETE ON registry_blocksplit
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER registry_split_no_truncate BEFORE TRUNCATE ON registry_blocksplit
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""

BACKWARD = """
DROP TRIGGER registry_split_no_truncate ON registry_blocksplit;
DROP TRIGGER registry_split_append_only ON registry_blocksplit;
DROP TRIGGER registry_block_cut_kept ON registry_serialblock;
DROP FUNCTION registry_block_cut_kept();
DROP TRIGGER registry_block_cut ON registry_serialblock;
DROP FUNCTION registry_block_cut();
DROP TRIGGER registry_block_identity ON registry_serialblock;
CREATE TRIGGER registry_block_identity
    BEFORE UPDATE OF series_id, start, "end", base ON registry_serialblock FOR EACH ROW
    WHEN ((OLD.series_id, OLD.start, OLD.base) IS DISTINCT FROM
          (NEW.series_id, NEW.start, NEW.base)
          OR NEW."end" > OLD."end" OR (NEW."end" < OLD."end" AND OLD.state <> 'issued'))
    EXECUTE FUNCTION registry_block_guard();
DROP TRIGGER registry_span_returns ON registry_span;
DROP FUNCTION registry_span_returns();
DROP TRIGGER registry_span_state_for_good ON registry_span;
DROP TRIGGER registry_span_retired_for_good ON registry_span;
DROP FUNCTION registry_span_keeps();
"""

RECEIPTS = """
UPDATE registry_custodyreceipt r SET grams = registry_block_grams(b)
FROM registry_serialblock b WHERE b.id = r.block_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0011_uploads"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "serialblock",
            "root",
            models.ForeignKey(
                blank=True,
                editable=False,
                help_text="The block it was first issued in. That block keeps its lowest serials.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="registry.serialblock",
                verbose_name="cut from",
            ),
        ),
        migrations.AddField(
            "serialblock",
            "issued_serial",
            models.CharField(
                blank=True,
                db_default="",
                editable=False,
                max_length=200,
                verbose_name="serial before it was cut",
            ),
        ),
        migrations.RemoveConstraint("custodyreceipt", "registry_receipt_block_once"),
        migrations.AddField(
            "custodyreceipt",
            "grams",
            django.contrib.postgres.fields.BigIntegerRangeField(
                editable=False,
                help_text="What the block was when it arrived, however it is cut later.",
                null=True,
                verbose_name="gram addresses",
            ),
        ),
        migrations.RunSQL(RECEIPTS, migrations.RunSQL.noop),
        migrations.AlterField(
            "custodyreceipt",
            "grams",
            django.contrib.postgres.fields.BigIntegerRangeField(
                editable=False,
                help_text="What the block was when it arrived, however it is cut later.",
                verbose_name="gram addresses",
            ),
        ),
        migrations.AddIndex(
            "custodyreceipt",
            django.contrib.postgres.indexes.GistIndex(
                fields=["grams"], name="registry_receipt_grams"
            ),
        ),
        migrations.CreateModel(
            name="BlockSplit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("serial_before", models.CharField(max_length=200, verbose_name="serial before")),
                (
                    "last_serial",
                    models.BigIntegerField(verbose_name="last serial of the lower part"),
                ),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
            ],
            options={
                "verbose_name": "split of a block",
                "verbose_name_plural": "splits of blocks",
            },
        ),
        migrations.AlterField(
            model_name="creditevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("issued", "Issued by the registry"),
                    ("received", "Received into custody"),
                    ("split", "Split at the registry"),
                    ("tokenised", "Taken out as NFT"),
                    ("redeemed", "Brought back from the chain"),
                    ("retired", "Retired"),
                    ("withdrawn", "Withdrawn to the registry"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="span",
            name="state",
            field=models.CharField(
                choices=[
                    ("tokenised", "Out as NFT"),
                    ("reserved", "Reserved for a withdrawal"),
                    ("retired", "Retired"),
                    ("withdrawn", "Withdrawn to the registry"),
                    ("cancelled", "Cancelled"),
                ],
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddConstraint(
            model_name="custodyreceipt",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("decision", "pending")),
                expressions=[("grams", "&&")],
                name="registry_receipt_pending_once",
            ),
        ),
        migrations.AddField(
            model_name="blocksplit",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="blocksplit",
            name="lower",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="splits",
                to="registry.serialblock",
                verbose_name="lower part",
            ),
        ),
        migrations.AddField(
            model_name="blocksplit",
            name="upper",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cut_by",
                to="registry.serialblock",
                verbose_name="upper part",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

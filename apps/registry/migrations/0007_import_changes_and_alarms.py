"""What newer files of registries changed, alarms about our custody, and blocks cut in pieces.

- The record of changes is append-only; an alarm changes once, when it is closed, and then stays.
- A registry cuts an issued block when a part of it is retired or transferred: the block keeps its
  first serials and its address, and by the end of the transaction other blocks hold the rest.
"""

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER registry_change_append_only BEFORE UPDATE OR DELETE ON registry_importchange
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER registry_change_no_truncate BEFORE TRUNCATE ON registry_importchange
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();

CREATE FUNCTION registry_alarm_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an alarm is closed once and otherwise stays as it is'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER registry_alarm_closes_once BEFORE UPDATE ON registry_custodyalarm FOR EACH ROW
    WHEN (OLD.closed_at IS NOT NULL OR NEW.closed_at IS NULL OR
          (OLD.id, OLD.block_id, OLD.grams, OLD.serial, OLD.ended_on, OLD.run_id, OLD.line,
           OLD.opened_at)
          IS DISTINCT FROM
          (NEW.id, NEW.block_id, NEW.grams, NEW.serial, NEW.ended_on, NEW.run_id, NEW.line,
           NEW.opened_at))
    EXECUTE FUNCTION registry_alarm_guard();
CREATE TRIGGER registry_alarm_no_delete BEFORE DELETE ON registry_custodyalarm
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER registry_alarm_no_truncate BEFORE TRUNCATE ON registry_custodyalarm
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();

DROP TRIGGER registry_block_identity ON registry_serialblock;
CREATE TRIGGER registry_block_identity
    BEFORE UPDATE OF series_id, start, "end", base ON registry_serialblock FOR EACH ROW
    WHEN ((OLD.series_id, OLD.start, OLD.base) IS DISTINCT FROM
          (NEW.series_id, NEW.start, NEW.base)
          OR NEW."end" > OLD."end" OR (NEW."end" < OLD."end" AND OLD.state <> 'issued'))
    EXECUTE FUNCTION registry_block_guard();

CREATE FUNCTION registry_block_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Blocks never overlap, so that pieces of the right sum leave no gap.
    IF (SELECT sum(b."end" - b.start + 1) FROM registry_serialblock b
        WHERE b.base >= OLD.base AND b.base < OLD.base + (OLD."end" - OLD.start + 1) * 1000000
          AND b."end" <= OLD."end" AND b.vintage_id = OLD.vintage_id)
        IS DISTINCT FROM OLD."end" - OLD.start + 1
    THEN
        RAISE EXCEPTION 'the pieces of % are not the whole of it', OLD.serial
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_block_pieces_whole';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER registry_block_pieces_whole AFTER UPDATE OF "end" ON registry_serialblock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD."end" <> NEW."end")
    EXECUTE FUNCTION registry_block_pieces();
"""

BACKWARD = """
DROP TRIGGER registry_block_pieces_whole ON registry_serialblock;
DROP FUNCTION registry_block_pieces();
DROP TRIGGER registry_block_identity ON registry_serialblock;
CREATE TRIGGER registry_block_identity
    BEFORE UPDATE OF series_id, start, "end", base ON registry_serialblock FOR EACH ROW
    WHEN ((OLD.series_id, OLD.start, OLD."end", OLD.base)
          IS DISTINCT FROM (NEW.series_id, NEW.start, NEW."end", NEW.base))
    EXECUTE FUNCTION registry_block_guard();
DROP TRIGGER registry_alarm_no_truncate ON registry_custodyalarm;
DROP TRIGGER registry_alarm_no_delete ON registry_custodyalarm;
DROP TRIGGER registry_alarm_closes_once ON registry_custodyalarm;
DROP FUNCTION registry_alarm_guard();
DROP TRIGGER registry_change_no_truncate ON registry_importchange;
DROP TRIGGER registry_change_append_only ON registry_importchange;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0006_facts_of_projects_and_labels_of_entries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CustodyAlarm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "grams",
                    django.contrib.postgres.fields.ranges.BigIntegerRangeField(
                        verbose_name="gram addresses"
                    ),
                ),
                ("serial", models.CharField(max_length=240, verbose_name="serial in the file")),
                (
                    "ended_on",
                    models.DateField(blank=True, null=True, verbose_name="ended at the registry"),
                ),
                ("line", models.IntegerField(verbose_name="line")),
                ("opened_at", models.DateTimeField(auto_now_add=True, verbose_name="opened")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "note",
                    models.CharField(blank=True, max_length=500, verbose_name="what was found"),
                ),
                (
                    "block",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alarms",
                        to="registry.serialblock",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="closed by",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alarms",
                        to="registry.importrun",
                    ),
                ),
            ],
            options={
                "verbose_name": "custody alarm",
                "verbose_name_plural": "custody alarms",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("block", "grams"),
                        name="registry_alarm_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_at__isnull", True),
                                ("closed_by__isnull", True),
                                ("note", ""),
                            ),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("closed_by__isnull", False),
                                models.Q(("note", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="registry_alarm_closed_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.IntegerField(verbose_name="line")),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("block", "Serial block"),
                            ("entry", "Entry of a registry"),
                            ("project", "Project"),
                            ("vintage", "Vintage"),
                        ],
                        max_length=8,
                        verbose_name="kind of row",
                    ),
                ),
                ("subject_id", models.BigIntegerField(verbose_name="row")),
                ("name", models.CharField(max_length=240, verbose_name="name")),
                ("field", models.CharField(max_length=40, verbose_name="field")),
                ("before", models.TextField(blank=True, verbose_name="before")),
                ("after", models.TextField(blank=True, verbose_name="after")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="registry.importrun",
                    ),
                ),
            ],
            options={
                "verbose_name": "change by an import",
                "verbose_name_plural": "changes by imports",
                "ordering": ["run", "id"],
                "indexes": [
                    models.Index(fields=["subject", "subject_id"], name="registry_change_subject")
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

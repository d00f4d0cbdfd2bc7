"""Issuances without serials and the endings that registries report, each gram ending once.

- A gram that ended at the registry is not in our custody, nor comes into it; both sides lock
  the block, so that an import and a receipt cannot pass each other.
- What an import accepted is counted in grams: some registries issue kilograms.
"""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

FORWARD = """
CREATE FUNCTION registry_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE block_state text;
BEGIN
    -- Every block that it reaches is locked whatever its state, and judged by what it is then.
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
CREATE TRIGGER registry_entry_not_held BEFORE INSERT OR UPDATE OF grams ON registry_registryentry
    FOR EACH ROW WHEN (NEW.grams IS NOT NULL) EXECUTE FUNCTION registry_entry_guard();

CREATE FUNCTION registry_block_custody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM registry_registryentry e WHERE e.grams && registry_block_grams(NEW)
    ) THEN
        RAISE EXCEPTION 'serials of % ended at the registry', NEW.serial
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_block_not_ended';
    END IF;
    RETURN NEW;
END $$;
-- Named to come after the trigger that places a new block.
CREATE TRIGGER registry_block_receive BEFORE INSERT OR UPDATE OF state ON registry_serialblock
    FOR EACH ROW WHEN (NEW.state = 'immobilised') EXECUTE FUNCTION registry_block_custody();

UPDATE registry_importrun SET accepted_grams = accepted_grams * 1000000;
"""

BACKWARD = """
UPDATE registry_importrun SET accepted_grams = accepted_grams / 1000000;
DROP TRIGGER registry_block_receive ON registry_serialblock;
DROP FUNCTION registry_block_custody();
DROP TRIGGER registry_entry_not_held ON registry_registryentry;
DROP FUNCTION registry_entry_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_addresses_by_series")]

    operations = [
        migrations.RenameField("importrun", "accepted_tonnes", "accepted_grams"),
        migrations.AlterField(
            "importrun",
            "accepted_grams",
            models.BigIntegerField(default=0, verbose_name="grams accepted"),
        ),
        migrations.CreateModel(
            name="RegistryEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("issuance", "Issuance"),
                            ("retirement", "Retirement"),
                            ("cancellation", "Cancellation"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("reference", models.CharField(max_length=240, verbose_name="reference")),
                (
                    "grams",
                    django.contrib.postgres.fields.BigIntegerRangeField(
                        blank=True,
                        help_text="Of the serial numbers that ended, where the registry gives any.",
                        null=True,
                        verbose_name="gram addresses",
                    ),
                ),
                ("quantity_grams", models.BigIntegerField(verbose_name="quantity, grams")),
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="vintage year"
                    ),
                ),
                (
                    "period_start",
                    models.DateField(blank=True, null=True, verbose_name="monitored from"),
                ),
                (
                    "period_end",
                    models.DateField(blank=True, null=True, verbose_name="monitored to"),
                ),
                ("on", models.DateField(blank=True, null=True, verbose_name="date")),
                ("beneficiary", models.TextField(blank=True, verbose_name="beneficiary")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("details", models.TextField(blank=True, verbose_name="details")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="registry.project",
                    ),
                ),
                (
                    "registry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="registry.registry",
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="registry.serialseries",
                    ),
                ),
            ],
            options={
                "verbose_name": "entry of a registry",
                "verbose_name_plural": "entries of registries",
                "indexes": [
                    models.Index(fields=["project", "kind", "on"], name="registry_entry_project")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("registry", "kind", "reference"), name="registry_entry_once"
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ("quantity_grams__gte", 0),
                            Q(
                                Q(("grams__isnull", True), ("series__isnull", True)),
                                Q(
                                    ("grams__isempty", False),
                                    ("series__isnull", False),
                                    Q(("kind", "issuance"), _negated=True),
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="registry_entry_sane",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("grams", "&&")], name="registry_entry_gram_ends_once"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

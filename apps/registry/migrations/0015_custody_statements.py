"""Statements of our accounts at registries, and where they differ from our books.

What a statement says stays as it was read; only its comparison is made again.
"""

import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION registry_statement_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE compared text[] := '{compared_at,agreed_tonnes}';
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - compared IS DISTINCT FROM to_jsonb(NEW) - compared THEN
        RAISE EXCEPTION 'statement % stays as it was read', OLD.file_name
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_statement_keeps BEFORE UPDATE OR DELETE ON registry_custodystatement
    FOR EACH ROW EXECUTE FUNCTION registry_statement_keeps();

-- A line finds its addresses once, when its series is known.
CREATE TRIGGER registry_statement_line_append_only
    BEFORE UPDATE ON registry_custodystatementline FOR EACH ROW
    WHEN (OLD.grams IS NOT NULL OR to_jsonb(OLD) - 'grams' IS DISTINCT FROM to_jsonb(NEW) - 'grams')
    EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER registry_statement_line_no_delete
    BEFORE DELETE ON registry_custodystatementline FOR EACH ROW
    EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER registry_statement_line_no_truncate
    BEFORE TRUNCATE ON registry_custodystatementline FOR EACH STATEMENT
    EXECUTE FUNCTION accounts_append_only();
"""

BACKWARD = """
DROP TRIGGER registry_statement_line_no_truncate ON registry_custodystatementline;
DROP TRIGGER registry_statement_line_no_delete ON registry_custodystatementline;
DROP TRIGGER registry_statement_line_append_only ON registry_custodystatementline;
DROP TRIGGER registry_statement_keeps ON registry_custodystatement;
DROP FUNCTION registry_statement_keeps();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0014_retire_at_registry"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CustodyStatement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=255, verbose_name="file")),
                ("sha256", models.CharField(max_length=64)),
                (
                    "accounts",
                    models.CharField(
                        blank=True,
                        help_text="Which sub-accounts of the file are ours, by commas. Empty for all.",
                        max_length=200,
                        verbose_name="accounts",
                    ),
                ),
                ("as_of", models.DateField(verbose_name="as of")),
                ("rows", models.IntegerField(verbose_name="rows")),
                ("tonnes", models.BigIntegerField(verbose_name="tonnes")),
                (
                    "imported_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="imported at"),
                ),
                (
                    "compared_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="compared at"),
                ),
                (
                    "agreed_tonnes",
                    models.BigIntegerField(default=0, verbose_name="tonnes that agree"),
                ),
                (
                    "imported_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="imported by",
                    ),
                ),
                (
                    "registry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="statements",
                        to="registry.registry",
                    ),
                ),
            ],
            options={
                "verbose_name": "custody statement",
                "verbose_name_plural": "custody statements",
            },
        ),
        migrations.CreateModel(
            name="CustodyDifference",
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
                            ("missing", "Missing: we hold it, the statement does not list it"),
                            ("changed", "Changed: the statement lists only a part of our block"),
                            ("extra", "Extra: the statement lists it, we do not hold it"),
                        ],
                        max_length=8,
                        verbose_name="difference",
                    ),
                ),
                (
                    "because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Unexplained"),
                            ("withdrawal", "A withdrawal is under way"),
                            (
                                "retirement",
                                "Retired here; the registry's confirmation is not recorded",
                            ),
                            ("received", "Received after the statement's day"),
                            ("issued", "Not received yet"),
                            ("withdrawn", "Withdrawn; it may have come back"),
                            ("retired", "Retired at the registry, as we know"),
                            (
                                "unknown",
                                "No such block is known: import the registry's issuances first",
                            ),
                        ],
                        max_length=12,
                        verbose_name="because",
                    ),
                ),
                (
                    "grams",
                    django.contrib.postgres.fields.ranges.BigIntegerRangeField(
                        blank=True, null=True, verbose_name="gram addresses"
                    ),
                ),
                ("serial", models.CharField(max_length=240, verbose_name="serial")),
                (
                    "tonnes",
                    models.DecimalField(decimal_places=6, max_digits=20, verbose_name="tonnes"),
                ),
                (
                    "block",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.serialblock",
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="registry.custodystatement",
                    ),
                ),
            ],
            options={
                "verbose_name": "difference in custody",
                "verbose_name_plural": "differences in custody",
                "ordering": ["kind", "grams"],
            },
        ),
        migrations.CreateModel(
            name="CustodyStatementLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.IntegerField(verbose_name="line")),
                ("account", models.CharField(max_length=60, verbose_name="account")),
                ("serial", models.CharField(max_length=240, verbose_name="serial")),
                ("tonnes", models.BigIntegerField(verbose_name="tonnes")),
                (
                    "grams",
                    django.contrib.postgres.fields.ranges.BigIntegerRangeField(
                        blank=True, null=True, verbose_name="gram addresses"
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="registry.custodystatement",
                    ),
                ),
            ],
            options={
                "verbose_name": "line of a custody statement",
                "verbose_name_plural": "lines of custody statements",
            },
        ),
        migrations.AddIndex(
            model_name="custodystatement",
            index=models.Index(fields=["registry", "-as_of", "-id"], name="registry_stmt_latest"),
        ),
        migrations.AddConstraint(
            model_name="custodystatement",
            constraint=models.UniqueConstraint(
                fields=("registry", "sha256", "accounts"), name="registry_statement_once"
            ),
        ),
        migrations.AddIndex(
            model_name="custodystatementline",
            index=django.contrib.postgres.indexes.GistIndex(
                fields=["grams"], name="registry_stmt_line_grams"
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

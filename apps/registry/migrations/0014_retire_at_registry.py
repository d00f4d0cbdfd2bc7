"""What was retired here is retired at its registry too: a work list that no gram slips through.

- Every gram retired so far comes on the list. What one person had recorded as confirmed is to be
  confirmed again: that takes two people and a document from now on.
- A retirement keeps what it says, but for a beneficiary that two people corrected.
"""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.registry.documents
from apps.accounts.history_triggers import CHANGES, record_history

# Whole serials of each span, and each tonne that fractions share, which is full or is not.
LIST = """
INSERT INTO registry_registryretirement (
    credit_class_id, grams, state, retirement_id, beneficiary, reason, created_at, ready_at)
SELECT r.credit_class_id, int8range(w.first, w."end"), 'ready', r.id, r.beneficiary,
       'Retired on ccmarket, ' || r.number, r.created_at, r.created_at
FROM registry_span s JOIN registry_retirement r ON r.id = s.retirement_id,
     LATERAL (SELECT (lower(s.grams) + 999999) / 1000000 * 1000000 AS first,
                     upper(s.grams) / 1000000 * 1000000 AS "end") w
WHERE s.state = 'retired' AND w.first < w."end" ORDER BY s.id;

WITH parts AS (
    SELECT t.tonne, r.credit_class_id, r.number, r.beneficiary, r.created_at,
           upper(s.grams * int8range(t.tonne, t.tonne + 1000000))
           - lower(s.grams * int8range(t.tonne, t.tonne + 1000000)) AS size
    FROM registry_span s JOIN registry_retirement r ON r.id = s.retirement_id,
         LATERAL (
             SELECT lower(s.grams) / 1000000 * 1000000 AS tonne WHERE lower(s.grams) % 1000000 <> 0
             UNION
             SELECT upper(s.grams) / 1000000 * 1000000 WHERE upper(s.grams) % 1000000 <> 0
         ) t
    WHERE s.state = 'retired'
), tonnes AS (
    SELECT tonne, credit_class_id, sum(size) = 1000000 AS is_full, min(created_at) AS since,
           max(created_at) AS latest,
           left(string_agg(DISTINCT beneficiary, '; '), 500) AS names,
           left('Retired on ccmarket, ' || string_agg(DISTINCT number, ', '), 500) AS numbers
    FROM parts GROUP BY tonne, credit_class_id
)
INSERT INTO registry_registryretirement (
    credit_class_id, grams, state, beneficiary, reason, created_at, ready_at)
SELECT credit_class_id, int8range(tonne, tonne + 1000000),
       CASE WHEN is_full THEN 'ready' ELSE 'filling' END,
       CASE WHEN is_full THEN names ELSE '' END, CASE WHEN is_full THEN numbers ELSE '' END,
       since, CASE WHEN is_full THEN latest END
FROM tonnes ORDER BY tonne;

UPDATE registry_retirement SET registry_confirmed_at = NULL, registry_reference = ''
WHERE registry_confirmed_at IS NOT NULL;
"""

FORWARD = """
CREATE TRIGGER registry_confirmation_keeps BEFORE UPDATE OR DELETE ON registry_registryconfirmation
    FOR EACH ROW EXECUTE FUNCTION registry_proposal_keeps();
CREATE TRIGGER registry_correction_keeps BEFORE UPDATE OR DELETE ON registry_beneficiarycorrection
    FOR EACH ROW EXECUTE FUNCTION registry_proposal_keeps();

CREATE FUNCTION registry_work_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state = 'confirmed'
       OR (OLD.state = 'ready' AND NEW.state = 'filling')
       OR (OLD.state = 'filling' AND NEW.state = 'confirmed')
       OR (OLD.grams, OLD.credit_class_id, OLD.retirement_id)
          IS DISTINCT FROM (NEW.grams, NEW.credit_class_id, NEW.retirement_id) THEN
        RAISE EXCEPTION 'an item of the registries'' list goes its way once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'confirmed' AND NOT EXISTS (
        SELECT FROM registry_registryconfirmation c
        WHERE c.id = NEW.confirmation_id AND c.decision = 'approved') THEN
        RAISE EXCEPTION 'only two people confirm what a registry retired'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_work_confirmed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_work_keeps BEFORE UPDATE OR DELETE ON registry_registryretirement
    FOR EACH ROW EXECUTE FUNCTION registry_work_keeps();

CREATE FUNCTION registry_work_retired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(upper(s.grams * NEW.grams) - lower(s.grams * NEW.grams)), 0)
        FROM registry_span s WHERE s.grams && NEW.grams AND s.state = 'retired')
       <> upper(NEW.grams) - lower(NEW.grams) THEN
        RAISE EXCEPTION 'not all of % is retired', NEW.grams
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_work_retired';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_work_retired BEFORE INSERT OR UPDATE OF state
    ON registry_registryretirement FOR EACH ROW
    WHEN (NEW.state <> 'filling') EXECUTE FUNCTION registry_work_retired();

CREATE FUNCTION registry_retirement_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE later text[] := '{registry_confirmed_at,registry_reference,beneficiary}';
BEGIN
    IF TG_OP = 'DELETE'
       OR to_jsonb(OLD) - later IS DISTINCT FROM to_jsonb(NEW) - later
       OR (OLD.beneficiary <> NEW.beneficiary AND NOT EXISTS (
           SELECT FROM registry_beneficiarycorrection c
           WHERE c.retirement_id = NEW.id AND c.decision = 'approved'
             AND c.beneficiary_before = OLD.beneficiary AND c.beneficiary = NEW.beneficiary)) THEN
        RAISE EXCEPTION 'retirement % stays what it is', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_retirement_keeps BEFORE UPDATE OR DELETE ON registry_retirement
    FOR EACH ROW EXECUTE FUNCTION registry_retirement_keeps();
"""

BACKWARD = """
DROP TRIGGER registry_retirement_keeps ON registry_retirement;
DROP FUNCTION registry_retirement_keeps();
DROP TRIGGER registry_work_retired ON registry_registryretirement;
DROP FUNCTION registry_work_retired();
DROP TRIGGER registry_work_keeps ON registry_registryretirement;
DROP FUNCTION registry_work_keeps();
DROP TRIGGER registry_correction_keeps ON registry_beneficiarycorrection;
DROP TRIGGER registry_confirmation_keeps ON registry_registryconfirmation;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0013_withdrawals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RegistryConfirmation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                (
                    "proposed_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="proposed at"),
                ),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                (
                    "decision_note",
                    models.CharField(blank=True, max_length=500, verbose_name="note"),
                ),
                (
                    "registry_reference",
                    models.CharField(max_length=120, verbose_name="registry's reference"),
                ),
                ("retired_on", models.DateField(verbose_name="retired at the registry on")),
                (
                    "document",
                    models.FileField(
                        help_text="The registry's confirmation, as PDF or picture.",
                        upload_to=apps.registry.documents.document_path,
                        validators=[apps.registry.documents.document_check],
                        verbose_name="document",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="proposed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "confirmation by a registry",
                "verbose_name_plural": "confirmations by registries",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RegistryRetirement",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("filling", "Waits for its tonne to be full"),
                            ("ready", "To be retired at the registry"),
                            ("confirmed", "Retired at the registry"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "beneficiary",
                    models.TextField(
                        blank=True, verbose_name="beneficiary, for the registry's form"
                    ),
                ),
                (
                    "reason",
                    models.TextField(blank=True, verbose_name="reason, for the registry's form"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="since")),
                (
                    "ready_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="to be retired since"),
                ),
                (
                    "confirmation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="registry.registryconfirmation",
                    ),
                ),
                (
                    "credit_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="registry_retirements",
                        to="registry.creditclass",
                    ),
                ),
                (
                    "retirement",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose whole tonnes they are; empty for a tonne that several share.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="registry_retirements",
                        to="registry.retirement",
                    ),
                ),
            ],
            options={
                "verbose_name": "retirement at the registry",
                "verbose_name_plural": "retirements at registries",
            },
        ),
        migrations.CreateModel(
            name="BeneficiaryCorrection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
                (
                    "proposed_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="proposed at"),
                ),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                (
                    "decision_note",
                    models.CharField(blank=True, max_length=500, verbose_name="note"),
                ),
                (
                    "beneficiary_before",
                    models.CharField(
                        editable=False, max_length=200, verbose_name="beneficiary before"
                    ),
                ),
                ("beneficiary", models.CharField(max_length=200, verbose_name="right beneficiary")),
                (
                    "reason",
                    models.CharField(
                        help_text="Who asked for it, and why it was wrong.",
                        max_length=300,
                        verbose_name="reason",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="proposed by",
                    ),
                ),
                (
                    "retirement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="registry.retirement",
                        verbose_name="retirement",
                    ),
                ),
            ],
            options={
                "verbose_name": "correction of a beneficiary",
                "verbose_name_plural": "corrections of beneficiaries",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="registry_beneficiarycorrection_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_by__isnull", True), ("decision", "pending")),
                            models.Q(
                                ("decided_by__isnull", False),
                                ("decision__in", ["approved", "rejected"]),
                            ),
                            _connector="OR",
                        ),
                        name="registry_beneficiarycorrection_decided_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("decision", "pending")),
                        fields=("retirement",),
                        name="registry_correction_pending_once",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="registryconfirmation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="registry_registryconfirmation_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="registryconfirmation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("decision", "pending")),
                    models.Q(
                        ("decided_by__isnull", False), ("decision__in", ["approved", "rejected"])
                    ),
                    _connector="OR",
                ),
                name="registry_registryconfirmation_decided_once",
            ),
        ),
        migrations.AddIndex(
            model_name="registryretirement",
            index=models.Index(
                condition=models.Q(("state", "confirmed"), _negated=True),
                fields=["state", "created_at"],
                name="registry_work_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="registryretirement",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[("grams", "&&")], name="registry_work_gram_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="registryretirement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("grams__isempty", False),
                    models.Q(
                        models.Q(
                            ("confirmation__isnull", True),
                            ("ready_at__isnull", True),
                            ("state", "filling"),
                        ),
                        models.Q(("ready_at__isnull", False), ("state", "ready")),
                        models.Q(
                            ("confirmation__isnull", False),
                            ("ready_at__isnull", False),
                            ("state", "confirmed"),
                        ),
                        _connector="OR",
                    ),
                ),
                name="registry_work_sane",
            ),
        ),
        migrations.RunSQL(LIST, migrations.RunSQL.noop),
        migrations.RunSQL(FORWARD, BACKWARD),
        record_history("registry_registryconfirmation"),
        record_history("registry_beneficiarycorrection"),
        record_history("registry_registryretirement", events=CHANGES),
    ]

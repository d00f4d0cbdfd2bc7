"""Withdrawals: asked for, taken up, and ended once; what two people decided stays as it is."""

import uuid

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.registry.documents
from apps.accounts.history_triggers import CHANGES, record_history

FORWARD = """
CREATE SEQUENCE registry_withdrawal_number;

CREATE FUNCTION registry_proposal_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE decided text[] := '{decision,decided_by_id,decided_at,decision_note}';
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision <> 'pending'
       OR to_jsonb(OLD) - decided IS DISTINCT FROM to_jsonb(NEW) - decided THEN
        RAISE EXCEPTION 'a proposal in % stays as it was made', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_receipt_keeps BEFORE UPDATE OR DELETE ON registry_custodyreceipt
    FOR EACH ROW EXECUTE FUNCTION registry_proposal_keeps();
CREATE TRIGGER registry_outcome_keeps BEFORE UPDATE OR DELETE ON registry_withdrawaloutcome
    FOR EACH ROW EXECUTE FUNCTION registry_proposal_keeps();

CREATE TRIGGER registry_withdrawal_line_append_only
    BEFORE UPDATE OR DELETE ON registry_withdrawalline
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER registry_withdrawal_line_no_truncate
    BEFORE TRUNCATE ON registry_withdrawalline
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();

CREATE FUNCTION registry_withdrawal_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved text[] := '{state,started_by_id,started_at,ended_at}';
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state NOT IN ('requested', 'processing')
       OR (OLD.state = 'processing' AND NEW.state IN ('requested', 'cancelled'))
       OR (OLD.state = 'requested' AND NEW.state IN ('final', 'refused'))
       OR to_jsonb(OLD) - moved IS DISTINCT FROM to_jsonb(NEW) - moved THEN
        RAISE EXCEPTION 'withdrawal % goes its way once', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_withdrawal_keeps BEFORE UPDATE OR DELETE ON registry_withdrawal
    FOR EACH ROW EXECUTE FUNCTION registry_withdrawal_keeps();
"""

BACKWARD = """
DROP TRIGGER registry_withdrawal_keeps ON registry_withdrawal;
DROP FUNCTION registry_withdrawal_keeps();
DROP TRIGGER registry_withdrawal_line_no_truncate ON registry_withdrawalline;
DROP TRIGGER registry_withdrawal_line_append_only ON registry_withdrawalline;
DROP TRIGGER registry_outcome_keeps ON registry_withdrawaloutcome;
DROP TRIGGER registry_receipt_keeps ON registry_custodyreceipt;
DROP FUNCTION registry_proposal_keeps();
DROP SEQUENCE registry_withdrawal_number;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_history"),
        ("registry", "0012_split_blocks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.CharField(max_length=24, unique=True, verbose_name="number")),
                ("tonnes", models.BigIntegerField(verbose_name="tonnes")),
                (
                    "registry_account",
                    models.CharField(max_length=60, verbose_name="account at the registry"),
                ),
                (
                    "account_name",
                    models.CharField(max_length=200, verbose_name="name of that account"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("processing", "Under way at the registry"),
                            ("final", "Transferred at the registry"),
                            ("refused", "Refused; everything released"),
                            ("cancelled", "Cancelled; everything released"),
                        ],
                        default="requested",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="asked at")),
                (
                    "started_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="taken up at"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "credit_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="registry.creditclass",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="accounts.owner",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="taken up by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
            ],
            options={
                "verbose_name": "withdrawal of credits",
                "verbose_name_plural": "withdrawals of credits",
            },
        ),
        migrations.CreateModel(
            name="WithdrawalLine",
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
                ("serial", models.CharField(max_length=200, verbose_name="serial")),
                (
                    "block",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.serialblock",
                    ),
                ),
                (
                    "withdrawal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="registry.withdrawal",
                    ),
                ),
            ],
            options={
                "verbose_name": "serials of a withdrawal",
                "verbose_name_plural": "serials of withdrawals",
                "ordering": ["grams"],
            },
        ),
        migrations.CreateModel(
            name="WithdrawalOutcome",
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
                    "outcome",
                    models.CharField(
                        choices=[
                            ("transferred", "The registry has transferred the credits"),
                            ("refused", "Nothing was transferred, and nothing will be"),
                        ],
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "registry_reference",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="registry's transfer reference"
                    ),
                ),
                (
                    "transferred_on",
                    models.DateField(blank=True, null=True, verbose_name="transferred on"),
                ),
                (
                    "document",
                    models.FileField(
                        blank=True,
                        help_text="The registry's confirmation, as PDF or picture.",
                        upload_to=apps.registry.documents.document_path,
                        validators=[apps.registry.documents.document_check],
                        verbose_name="document",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        help_text="For the owner, if it is refused.",
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
                    "withdrawal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="registry.withdrawal",
                        verbose_name="withdrawal",
                    ),
                ),
            ],
            options={
                "verbose_name": "outcome of a withdrawal",
                "verbose_name_plural": "outcomes of withdrawals",
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(fields=["owner", "-id"], name="registry_withdrawal_owner"),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(("state__in", ["requested", "processing"])),
                fields=["id"],
                name="registry_withdrawal_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.UniqueConstraint(
                fields=("owner", "idempotency_key"), name="registry_withdrawal_idempotent"
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tonnes__gt", 0),
                    models.Q(
                        models.Q(
                            ("ended_at__isnull", True), ("state__in", ["requested", "processing"])
                        ),
                        models.Q(
                            ("ended_at__isnull", False),
                            ("state__in", ["final", "refused", "cancelled"]),
                        ),
                        _connector="OR",
                    ),
                    models.Q(
                        ("state__in", ["requested", "cancelled"]),
                        ("started_by__isnull", False),
                        _connector="OR",
                    ),
                ),
                name="registry_withdrawal_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawaloutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="registry_withdrawaloutcome_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawaloutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("decision", "pending")),
                    models.Q(
                        ("decided_by__isnull", False), ("decision__in", ["approved", "rejected"])
                    ),
                    _connector="OR",
                ),
                name="registry_withdrawaloutcome_decided_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawaloutcome",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision", "rejected"), _negated=True),
                fields=("withdrawal",),
                name="registry_withdrawal_outcome_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawaloutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("outcome", "transferred"),
                        ("transferred_on__isnull", False),
                        models.Q(("registry_reference", ""), _negated=True),
                        models.Q(("document", ""), _negated=True),
                    ),
                    models.Q(("outcome", "refused"), models.Q(("reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="registry_withdrawal_outcome_evidence",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        record_history("registry_withdrawal", events=CHANGES),
        record_history("registry_withdrawaloutcome"),
    ]

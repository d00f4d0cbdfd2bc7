"""Invoices for fees: numbered without a gap by the database, and never changed."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION accounts_invoice_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first bigint; last bigint; many bigint; before bigint;
BEGIN
    SELECT min(number), max(number), count(*) INTO first, last, many FROM written;
    IF many = 0 THEN
        RETURN NULL;
    END IF;
    SELECT max(number) INTO before FROM accounts_invoice WHERE number < first;
    IF first <> coalesce(before, 0) + 1 OR last - first + 1 <> many
       OR EXISTS (SELECT FROM accounts_invoice WHERE number > last) THEN
        RAISE EXCEPTION 'invoices are numbered without a gap' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER accounts_invoice_numbers AFTER INSERT ON accounts_invoice
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_invoice_numbers();

CREATE FUNCTION accounts_invoice_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_invoicedmonth WHERE month = NEW.month) THEN
        RAISE EXCEPTION 'all invoices of that month are issued' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER accounts_invoice_guard BEFORE INSERT ON accounts_invoice
    FOR EACH ROW EXECUTE FUNCTION accounts_invoice_guard();

CREATE FUNCTION accounts_invoiceline_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_invoice i JOIN accounts_invoicedmonth m ON m.month = i.month
               WHERE i.id = NEW.invoice_id) THEN
        RAISE EXCEPTION 'an invoice stays as it was issued' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER accounts_invoiceline_guard BEFORE INSERT ON accounts_invoiceline
    FOR EACH ROW EXECUTE FUNCTION accounts_invoiceline_guard();

CREATE TRIGGER accounts_invoice_append_only BEFORE UPDATE OR DELETE ON accounts_invoice
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_invoice_no_truncate BEFORE TRUNCATE ON accounts_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_invoiceline_append_only BEFORE UPDATE OR DELETE ON accounts_invoiceline
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_invoiceline_no_truncate BEFORE TRUNCATE ON accounts_invoiceline
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_invoicedmonth_append_only BEFORE UPDATE OR DELETE ON accounts_invoicedmonth
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_invoicedmonth_no_truncate BEFORE TRUNCATE ON accounts_invoicedmonth
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""

BACKWARD = """
DROP TRIGGER accounts_invoicedmonth_no_truncate ON accounts_invoicedmonth;
DROP TRIGGER accounts_invoicedmonth_append_only ON accounts_invoicedmonth;
DROP TRIGGER accounts_invoiceline_no_truncate ON accounts_invoiceline;
DROP TRIGGER accounts_invoiceline_append_only ON accounts_invoiceline;
DROP TRIGGER accounts_invoice_no_truncate ON accounts_invoice;
DROP TRIGGER accounts_invoice_append_only ON accounts_invoice;
DROP TRIGGER accounts_invoiceline_guard ON accounts_invoiceline;
DROP FUNCTION accounts_invoiceline_guard();
DROP TRIGGER accounts_invoice_guard ON accounts_invoice;
DROP FUNCTION accounts_invoice_guard();
DROP TRIGGER accounts_invoice_numbers ON accounts_invoice;
DROP FUNCTION accounts_invoice_numbers();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_verification_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvoicedMonth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(unique=True, verbose_name="month")),
                (
                    "done_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
            ],
            options={
                "verbose_name": "invoiced month",
                "verbose_name_plural": "invoiced months",
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveBigIntegerField(unique=True, verbose_name="number")),
                ("month", models.DateField(help_text="Its first day.", verbose_name="month")),
                ("total", models.BigIntegerField(verbose_name="total")),
                ("tax", models.BigIntegerField(verbose_name="tax")),
                ("tax_bps", models.PositiveIntegerField(verbose_name="tax rate")),
                (
                    "tax_reason",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="why there is no tax"
                    ),
                ),
                ("seller_name", models.CharField(max_length=200, verbose_name="seller")),
                (
                    "seller_address",
                    models.CharField(blank=True, max_length=500, verbose_name="seller's address"),
                ),
                (
                    "seller_tax_id",
                    models.CharField(blank=True, max_length=80, verbose_name="seller's tax id"),
                ),
                ("buyer_name", models.CharField(max_length=320, verbose_name="buyer")),
                (
                    "buyer_address",
                    models.CharField(blank=True, max_length=500, verbose_name="buyer's address"),
                ),
                (
                    "buyer_country",
                    models.CharField(blank=True, max_length=2, verbose_name="buyer's country"),
                ),
                (
                    "buyer_number",
                    models.CharField(
                        blank=True, max_length=80, verbose_name="buyer's registration number"
                    ),
                ),
                (
                    "issued_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="issued"
                    ),
                ),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.asset",
                        verbose_name="currency",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="accounts.owner",
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "invoice",
                "verbose_name_plural": "invoices",
            },
        ),
        migrations.CreateModel(
            name="InvoiceLine",
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
                            ("trading", "Trading fees"),
                            ("rebate", "Rebates for resting orders"),
                            ("redemption", "Choosing the class when redeeming CC"),
                            ("other", "Other fees"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("market", models.CharField(blank=True, max_length=80, verbose_name="market")),
                ("count", models.PositiveBigIntegerField(verbose_name="count")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="accounts.invoice",
                    ),
                ),
            ],
            options={
                "verbose_name": "line of an invoice",
                "verbose_name_plural": "lines of invoices",
            },
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                fields=("owner", "month", "asset"), name="accounts_invoice_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("tax", 0), ("tax_bps", 0), models.Q(("tax_reason", ""), _negated=True)
                    ),
                    ("tax_bps__gt", 0),
                    _connector="OR",
                ),
                name="accounts_invoice_says_why_no_tax",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gt", 0)), name="accounts_invoice_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.UniqueConstraint(
                fields=("invoice", "kind", "market"), name="accounts_invoiceline_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__lt", 0), ("kind", "rebate")),
                    models.Q(models.Q(("kind", "rebate"), _negated=True), ("amount__gt", 0)),
                    _connector="OR",
                ),
                name="accounts_invoiceline_sign",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

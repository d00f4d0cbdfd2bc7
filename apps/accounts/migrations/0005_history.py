"""History: who changed which row from what to what. Triggers write it; nobody rewrites it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from apps.accounts.history_triggers import CHANGES, record_history

RECORD = """
CREATE FUNCTION accounts_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ignored text[] := TG_ARGV[0]::text[];
    hidden text[] := TG_ARGV[1]::text[];
    old_row jsonb;
    new_row jsonb;
    row_id text;
    secret text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        old_row := to_jsonb(OLD) - ignored;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        new_row := to_jsonb(NEW) - ignored;
    END IF;
    row_id := coalesce(new_row, old_row) ->> 'id';
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value)
        INTO old_row, new_row
        FROM jsonb_each(old_row) o JOIN jsonb_each(new_row) n USING (key)
        WHERE o.value <> n.value;
        IF old_row IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    FOREACH secret IN ARRAY hidden LOOP
        old_row := jsonb_set(old_row, ARRAY[secret], '"***"', false);
        new_row := jsonb_set(new_row, ARRAY[secret], '"***"', false);
    END LOOP;
    INSERT INTO accounts_historyentry
        (table_name, row_id, operation, before, after, actor_id, source, transaction_id, at)
    VALUES (
        TG_TABLE_NAME, row_id, lower(TG_OP), old_row, new_row,
        nullif(current_setting('ccmarket.actor', true), '')::bigint,
        left(coalesce(nullif(current_setting('ccmarket.source', true), ''),
                      current_setting('application_name')), 200),
        pg_current_xact_id()::text::bigint, clock_timestamp()
    );
    RETURN NULL;
END $$;

CREATE TRIGGER accounts_history_append_only BEFORE UPDATE OR DELETE ON accounts_historyentry
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_history_no_truncate BEFORE TRUNCATE ON accounts_historyentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""

FORGET = """
DROP TRIGGER accounts_history_no_truncate ON accounts_historyentry;
DROP TRIGGER accounts_history_append_only ON accounts_historyentry;
DROP FUNCTION accounts_record_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_balance_no_truncate"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("account", "0001_initial"),
        ("mfa", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoryEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("table_name", models.CharField(max_length=63, verbose_name="table")),
                ("row_id", models.CharField(max_length=64, verbose_name="row")),
                (
                    "operation",
                    models.CharField(
                        choices=[("insert", "Added"), ("update", "Changed"), ("delete", "Deleted")],
                        max_length=6,
                        verbose_name="what",
                    ),
                ),
                ("before", models.JSONField(null=True, verbose_name="before")),
                ("after", models.JSONField(null=True, verbose_name="after")),
                ("source", models.CharField(max_length=200, verbose_name="through")),
                (
                    "transaction_id",
                    models.BigIntegerField(
                        help_text="The same for all changes that took effect together.",
                        verbose_name="transaction",
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="when"
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "history",
                "indexes": [
                    models.Index(
                        fields=["table_name", "row_id", "id"], name="accounts_history_row"
                    ),
                    models.Index(fields=["table_name", "id"], name="accounts_history_table"),
                    models.Index(fields=["actor", "id"], name="accounts_history_actor"),
                ],
            },
        ),
        migrations.RunSQL(RECORD, FORGET),
        record_history(
            "accounts_user", events=CHANGES, ignored=("last_login",), hidden=("password",)
        ),
        record_history("accounts_user_groups"),
        record_history("accounts_user_user_permissions"),
        record_history("auth_group"),
        record_history("account_emailaddress"),
        record_history("mfa_authenticator", ignored=("last_used_at",), hidden=("data",)),
        record_history("auth_group_permissions"),
        record_history("accounts_organisation", events=CHANGES),
        record_history("accounts_membership"),
        record_history("accounts_banktransfer"),
    ]

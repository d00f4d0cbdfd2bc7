"""Indexes by which staff's lists filter and find people, wallets and balances."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_withdrawal_events"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AlterField(
            model_name="balance",
            name="asset",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="balances",
                to="accounts.asset",
            ),
        ),
        migrations.AddIndex(
            model_name="balance",
            index=models.Index(fields=["asset", "owner"], name="accounts_balance_asset"),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("name"), "text_pattern_ops"
                ),
                name="accounts_organisation_begins",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("email"), "text_pattern_ops"
                ),
                name="accounts_user_email_begins",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("name"), "text_pattern_ops"
                ),
                name="accounts_user_name_begins",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_staff", True)), fields=["id"], name="accounts_user_staff"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_auditor", True)),
                fields=["id"],
                name="accounts_user_auditor",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_active", False)), fields=["id"], name="accounts_user_ended"
            ),
        ),
        migrations.AddIndex(
            model_name="wallet",
            index=models.Index(
                django.db.models.functions.text.Lower("address"), name="accounts_wallet_address"
            ),
        ),
    ]

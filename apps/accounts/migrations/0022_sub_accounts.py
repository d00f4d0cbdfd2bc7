"""Sub-accounts, limits of members to accounts, moves between accounts, invoices by account."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0021_quote_exchanges"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountMove",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                ("idempotency_key", models.CharField(max_length=120)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
            ],
            options={
                "verbose_name": "move between accounts",
                "verbose_name_plural": "moves between accounts",
            },
        ),
        migrations.CreateModel(
            name="MembershipAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={
                "verbose_name": "account of a member",
                "verbose_name_plural": "accounts of members",
            },
        ),
        migrations.RemoveConstraint(
            model_name="invoiceline",
            name="accounts_invoiceline_once",
        ),
        migrations.AddField(
            model_name="invoiceline",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.owner",
                verbose_name="account",
            ),
        ),
        migrations.AddField(
            model_name="invoiceline",
            name="account_name",
            field=models.CharField(
                blank=True, db_default="", max_length=80, verbose_name="account's name"
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="is_limited",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="only for some accounts"
            ),
        ),
        migrations.AddField(
            model_name="owner",
            name="closed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="closed"),
        ),
        migrations.AddField(
            model_name="owner",
            name="department",
            field=models.CharField(blank=True, db_default="", max_length=80, verbose_name="name"),
        ),
        migrations.AddField(
            model_name="owner",
            name="opened_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="opened"),
        ),
        migrations.AddField(
            model_name="owner",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sub_accounts",
                to="accounts.owner",
            ),
        ),
        migrations.AddField(
            model_name="owner",
            name="public_id",
            field=models.UUIDField(blank=True, editable=False, null=True, unique=True),
        ),
        migrations.AlterField(
            model_name="owner",
            name="organisation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="accounts",
                to="accounts.organisation",
            ),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (1, "Trade"),
                    (2, "Fee"),
                    (3, "Bank transfer"),
                    (4, "Receipt into custody"),
                    (5, "Withdrawal to the registry"),
                    (6, "Retirement"),
                    (7, "Taken out as NFT"),
                    (8, "Brought back from the chain"),
                    (9, "Pledge for CC"),
                    (10, "Redemption of CC"),
                    (11, "Gift"),
                    (12, "Sent to a wallet"),
                    (13, "Received from a wallet"),
                    (14, "Exchange by quote"),
                    (15, "Moved between accounts"),
                ],
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.UniqueConstraint(
                fields=("invoice", "account", "kind", "market"),
                name="accounts_invoiceline_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="owner",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("closed_at__isnull", True),
                        ("department", ""),
                        ("opened_at__isnull", True),
                        ("parent__isnull", True),
                        ("public_id__isnull", True),
                    ),
                    models.Q(
                        ("opened_at__isnull", False),
                        ("organisation__isnull", False),
                        ("parent__isnull", False),
                        ("public_id__isnull", False),
                        models.Q(("department", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="accounts_owner_sub_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="owner",
            constraint=models.UniqueConstraint(
                condition=models.Q(("parent__isnull", True)),
                fields=("organisation",),
                name="accounts_owner_one_main_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="owner",
            constraint=models.UniqueConstraint(
                models.F("organisation"),
                django.db.models.functions.text.Lower("department"),
                condition=models.Q(("closed_at__isnull", True), ("parent__isnull", False)),
                name="accounts_owner_department_once",
            ),
        ),
        migrations.AddField(
            model_name="accountmove",
            name="asset",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.asset",
                verbose_name="asset",
            ),
        ),
        migrations.AddField(
            model_name="accountmove",
            name="from_owner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.owner",
                verbose_name="from",
            ),
        ),
        migrations.AddField(
            model_name="accountmove",
            name="moved_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="moved by",
            ),
        ),
        migrations.AddField(
            model_name="accountmove",
            name="to_owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.owner",
                verbose_name="to",
            ),
        ),
        migrations.AddField(
            model_name="membershipaccount",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.owner",
                verbose_name="account",
            ),
        ),
        migrations.AddField(
            model_name="membershipaccount",
            name="membership",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="limits",
                to="accounts.membership",
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="accounts",
            field=models.ManyToManyField(
                related_name="limited_members",
                through="accounts.MembershipAccount",
                to="accounts.owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_limited", False),
                    models.Q(("role", "owner"), _negated=True),
                    _connector="OR",
                ),
                name="accounts_member_owners_are_not_limited",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountmove",
            constraint=models.UniqueConstraint(
                fields=("from_owner", "idempotency_key"), name="accounts_accountmove_idempotent"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountmove",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="accounts_accountmove_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountmove",
            constraint=models.CheckConstraint(
                condition=models.Q(("from_owner", models.F("to_owner")), _negated=True),
                name="accounts_accountmove_two_accounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="membershipaccount",
            constraint=models.UniqueConstraint(
                fields=("membership", "account"), name="accounts_membershipaccount_once"
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="accounts",
            field=models.ManyToManyField(
                blank=True,
                related_name="+",
                to="accounts.owner",
                verbose_name="only for these accounts",
            ),
        ),
    ]

"""Requests for quotes, sealed answers, their lines and scores; purchases and steps by quote."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_invitations"),
        ("orderbook", "0022_bulk_orders_of_verified"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Quote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "answered_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="answered at"),
                ),
                ("valid_until", models.DateTimeField(verbose_name="stands until")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("standing", "Stands"),
                            ("withdrawn", "Withdrawn"),
                            ("taken", "Taken"),
                            ("not_taken", "Not taken"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="standing",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("sealed", models.BinaryField()),
                ("revealed", models.TextField(blank=True, default="", verbose_name="what it says")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("told", models.CharField(blank=True, default="", max_length=10)),
            ],
            options={
                "verbose_name": "quote",
                "verbose_name_plural": "quotes",
            },
        ),
        migrations.CreateModel(
            name="QuoteLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="line")),
                ("size", models.BigIntegerField(verbose_name="size")),
                ("size_min", models.BigIntegerField(verbose_name="least that is taken")),
                ("price", models.BigIntegerField(blank=True, null=True, verbose_name="price")),
            ],
            options={
                "verbose_name": "line of a quote",
                "verbose_name_plural": "lines of quotes",
            },
        ),
        migrations.CreateModel(
            name="QuotePermit",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("maker", "Market maker"),
                            ("developer", "Project developer"),
                            ("none", "May not answer"),
                        ],
                        max_length=10,
                        verbose_name="answers as",
                    ),
                ),
            ],
            options={
                "verbose_name": "permit to quote",
                "verbose_name_plural": "permits to quote",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="QuoteRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("asked_at", models.DateTimeField(auto_now_add=True, verbose_name="asked at")),
                ("deadline", models.DateTimeField(verbose_name="deadline")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open for answers"),
                            ("opened", "Answers are open"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("lapsed", "Lapsed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "opened_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="opened at"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("told", models.CharField(blank=True, default="", max_length=10)),
            ],
            options={
                "verbose_name": "request for quotes",
                "verbose_name_plural": "requests for quotes",
            },
        ),
        migrations.CreateModel(
            name="QuoteScore",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("filled", models.BigIntegerField(verbose_name="grams filled")),
                ("cost", models.BigIntegerField(verbose_name="cost with fees")),
                ("fees", models.BigIntegerField(verbose_name="fees")),
                ("price_bps", models.PositiveSmallIntegerField(verbose_name="price")),
                ("coverage_bps", models.PositiveSmallIntegerField(verbose_name="coverage")),
                ("certainty_bps", models.PositiveSmallIntegerField(verbose_name="certainty")),
                ("quality_bps", models.PositiveSmallIntegerField(verbose_name="quality")),
                ("total_bps", models.PositiveSmallIntegerField(verbose_name="points")),
            ],
            options={
                "verbose_name": "score of a quote",
                "verbose_name_plural": "scores of quotes",
            },
        ),
        migrations.RemoveConstraint(
            model_name="bulkbuy",
            name="orderbook_bulkbuy_once",
        ),
        migrations.RemoveConstraint(
            model_name="bulkstep",
            name="orderbook_bulkstep_sound",
        ),
        migrations.AddField(
            model_name="quote",
            name="answered_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="member",
            ),
        ),
        migrations.AddField(
            model_name="quote",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="quotes",
                to="accounts.owner",
                verbose_name="answered by",
            ),
        ),
        migrations.AddField(
            model_name="quoteline",
            name="product",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orderbook.product",
            ),
        ),
        migrations.AddField(
            model_name="quoteline",
            name="quote",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="orderbook.quote",
            ),
        ),
        migrations.AddField(
            model_name="bulkbuy",
            name="quote_line",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orderbook.quoteline",
            ),
        ),
        migrations.AddField(
            model_name="bulkstep",
            name="maker_fees",
            field=models.BigIntegerField(
                db_default=0, default=0, verbose_name="fees of the seller"
            ),
        ),
        migrations.AddField(
            model_name="bulkstep",
            name="quote_line",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="step",
                to="orderbook.quoteline",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkbuy",
            constraint=models.UniqueConstraint(
                fields=("plan", "product", "quote_line"),
                name="orderbook_bulkbuy_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fees__gte", 0),
                    ("filled__gte", 0),
                    ("price__gt", 0),
                    ("size__gt", 0),
                    ("filled__lte", models.F("size")),
                    ("surplus__gte", 0),
                    ("surplus__lte", models.F("filled")),
                    models.Q(
                        ("allotted_at__isnull", True), ("over_at__isnull", False), _connector="OR"
                    ),
                    models.Q(
                        ("filled", 0),
                        models.Q(("over_at__isnull", False), ("placed_id__isnull", False)),
                        models.Q(("over_at__isnull", False), ("quote_line__isnull", False)),
                        _connector="OR",
                    ),
                ),
                name="orderbook_bulkstep_sound",
            ),
        ),
        migrations.AddField(
            model_name="quotepermit",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddField(
            model_name="quotepermit",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="quote_permits",
                to="accounts.owner",
                verbose_name="owner",
            ),
        ),
        migrations.AddField(
            model_name="quotepermit",
            name="proposed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="proposed by",
            ),
        ),
        migrations.AddField(
            model_name="quoterequest",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked for by",
            ),
        ),
        migrations.AddField(
            model_name="quoterequest",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="quote_requests",
                to="orderbook.bulkorder",
                verbose_name="bulk order",
            ),
        ),
        migrations.AddField(
            model_name="quote",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="quotes",
                to="orderbook.quoterequest",
                verbose_name="request for quotes",
            ),
        ),
        migrations.AddField(
            model_name="quotescore",
            name="plan",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="scores",
                to="orderbook.bulkplan",
            ),
        ),
        migrations.AddField(
            model_name="quotescore",
            name="quote",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="scores",
                to="orderbook.quote",
            ),
        ),
        migrations.AddConstraint(
            model_name="quoteline",
            constraint=models.UniqueConstraint(
                fields=("quote", "number"), name="orderbook_quoteline_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="quoteline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("size_min__gt", 0),
                    ("size_min__lte", models.F("size")),
                    models.Q(("price__isnull", True), ("price__gt", 0), _connector="OR"),
                ),
                name="orderbook_quoteline_sound",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotepermit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="orderbook_quotepermit_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotepermit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("decision", "pending")),
                    models.Q(
                        ("decided_by__isnull", False), ("decision__in", ["approved", "rejected"])
                    ),
                    _connector="OR",
                ),
                name="orderbook_quotepermit_decided_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="quoterequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["open", "opened"])),
                fields=("order",),
                name="orderbook_quoterequest_one_live",
            ),
        ),
        migrations.AddConstraint(
            model_name="quoterequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("opened_at__isnull", True),
                    ("opened_at__gte", models.F("deadline")),
                    _connector="OR",
                ),
                name="orderbook_quoterequest_opened_after_its_deadline",
            ),
        ),
        migrations.AddConstraint(
            model_name="quoterequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("opened_at", None), ("state", "open")),
                    models.Q(("ended_at", None), ("opened_at__isnull", False), ("state", "opened")),
                    models.Q(
                        ("opened_at__isnull", False),
                        ("state__in", ["accepted", "declined"]),
                        ("ended_at__isnull", False),
                    ),
                    models.Q(
                        ("ended_at__isnull", False), ("opened_at", None), ("state", "cancelled")
                    ),
                    models.Q(("ended_at__isnull", False), ("state", "lapsed")),
                    _connector="OR",
                ),
                name="orderbook_quoterequest_states",
            ),
        ),
        migrations.AddIndex(
            model_name="quote",
            index=models.Index(
                condition=models.Q(("state", "standing")),
                fields=["valid_until"],
                name="orderbook_quote_stands",
            ),
        ),
        migrations.AddConstraint(
            model_name="quote",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "standing")),
                fields=("request", "owner"),
                name="orderbook_quote_one_stands",
            ),
        ),
        migrations.AddConstraint(
            model_name="quote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state", "standing")),
                    models.Q(
                        models.Q(("state", "standing"), _negated=True), ("ended_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="orderbook_quote_states",
            ),
        ),
        migrations.AddConstraint(
            model_name="quote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "taken"), _negated=True),
                    models.Q(("revealed", ""), _negated=True),
                    _connector="OR",
                ),
                name="orderbook_quote_taken_in_the_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotescore",
            constraint=models.UniqueConstraint(
                fields=("plan", "quote"), name="orderbook_quotescore_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="quotescore",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cost__gte", 0),
                    ("fees__gte", 0),
                    ("filled__gte", 0),
                    ("total_bps__lte", 10000),
                ),
                name="orderbook_quotescore_sound",
            ),
        ),
    ]

"""Bulk orders carried out: executions, their steps, and who got which grams."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

_STATES = [
    ("uploaded", "Waiting to be read"),
    ("reading", "Being read"),
    ("refused", "To be corrected"),
    ("queued", "Waiting to be planned"),
    ("planning", "Being planned"),
    ("planned", "Planned"),
    ("asked", "Waiting for approval"),
    ("running", "Being carried out"),
    ("paused", "Paused"),
    ("stopping", "Being ended"),
    ("done", "Carried out"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]
_PAUSES = [
    ("", ""),
    ("asked", "A member paused it."),
    ("funds", "The account's funds do not suffice: add some, then resume."),
    ("market", "A market takes no orders at the moment: resume when it is open."),
    ("name", "Another order was placed under this step's name: resume for a new one."),
    (
        "credits",
        "Credits that were bought have left the account: bring them back, then resume.",
    ),
    ("internal", "Something went wrong here: resume, or tell us if it happens again."),
]
_OUTCOMES = [
    (1, "Filled"),
    (2, "Canceled"),
    (3, "Canceled: it would have traded with its owner"),
    (4, "Canceled: what was left could not be filled at once"),
    (5, "Rejected: insufficient funds"),
    (6, "Rejected: post only, and it would have traded"),
    (7, "Rejected: the market is not open"),
    (8, "Rejected: not a whole number of the market's increments"),
    (9, "Canceled: its time was over"),
    (11, "Rejected: its size or its value is outside the market's limits"),
    (12, "Rejected: its price is outside the market's price band"),
]


def _id():
    return (
        "id",
        models.BigAutoField(
            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
        ),
    )


def _key(to, related_name="+", **terms):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=to, **terms
    )


def _grams(name="grams"):
    return models.BigIntegerField(verbose_name=name)


def _constraint(model, constraint):
    return migrations.AddConstraint(model_name=model, constraint=constraint)


def _once(model, fields, name, **terms):
    return _constraint(model, models.UniqueConstraint(fields=fields, name=name, **terms))


def _check(model, name, condition):
    return _constraint(model, models.CheckConstraint(name=name, condition=condition))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_spending_limits"),
        ("orderbook", "0017_bulk_orders_guards"),
        ("registry", "0024_projects_are_compared_without_a_join"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="bulkorder",
            name="state",
            field=models.CharField(
                choices=_STATES,
                db_default="uploaded",
                default="uploaded",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.RemoveConstraint(model_name="bulkorder", name="orderbook_bulkorder_whole"),
        _check(
            "bulkorder",
            "orderbook_bulkorder_whole",
            Q(refused_count=0, lines_count__gt=0, grams__gt=0)
            | ~Q(
                state__in=[
                    *("queued", "planning", "planned", "asked"),
                    *("running", "paused", "stopping", "done"),
                ]
            ),
        ),
        migrations.CreateModel(
            name="BulkExecution",
            fields=[
                _id(),
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
                ("total_max", models.BigIntegerField(verbose_name="most it may cost")),
                (
                    "keep",
                    models.CharField(
                        choices=[
                            ("retire", "Retire what is filled"),
                            ("hold", "Hold what is filled"),
                        ],
                        max_length=6,
                        verbose_name="what is filled",
                    ),
                ),
                ("needs_second", models.BooleanField(verbose_name="takes two people")),
                (
                    "started_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="started at"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "pause",
                    models.CharField(
                        blank=True,
                        choices=_PAUSES,
                        default="",
                        max_length=8,
                        verbose_name="why it is paused",
                    ),
                ),
                ("brought_by", _key(settings.AUTH_USER_MODEL, verbose_name="made by")),
                (
                    "decided_by",
                    _key(
                        settings.AUTH_USER_MODEL, blank=True, null=True, verbose_name="decided by"
                    ),
                ),
                ("order", _key("orderbook.bulkorder", "executions", db_index=False)),
                ("plan", _key("orderbook.bulkplan", db_index=False)),
                ("proposed_by", _key(settings.AUTH_USER_MODEL, verbose_name="proposed by")),
            ],
            options={
                "verbose_name": "execution of a bulk order",
                "verbose_name_plural": "executions of bulk orders",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="BulkStep",
            fields=[
                _id(),
                ("number", models.PositiveIntegerField(verbose_name="step")),
                ("price", models.BigIntegerField(verbose_name="dearest price")),
                ("size", models.BigIntegerField(verbose_name="size")),
                (
                    "client_oid",
                    models.CharField(max_length=60, unique=True, verbose_name="client order id"),
                ),
                ("placed_id", models.BigIntegerField(null=True, verbose_name="order")),
                ("written_at", models.DateTimeField(auto_now_add=True, verbose_name="written at")),
                ("over_at", models.DateTimeField(null=True, verbose_name="over at")),
                (
                    "outcome",
                    models.PositiveSmallIntegerField(
                        choices=_OUTCOMES, null=True, verbose_name="outcome"
                    ),
                ),
                ("filled", models.BigIntegerField(default=0, verbose_name="filled")),
                (
                    "notional",
                    models.BigIntegerField(default=0, verbose_name="cost without fees"),
                ),
                ("fees", models.BigIntegerField(default=0, verbose_name="fees")),
                ("allotted_at", models.DateTimeField(null=True, verbose_name="allotted at")),
                (
                    "surplus",
                    models.BigIntegerField(default=0, verbose_name="grams beyond the lines"),
                ),
                ("execution", _key("orderbook.bulkexecution", "steps", db_index=False)),
                ("product", _key("orderbook.product", db_index=False)),
            ],
            options={
                "verbose_name": "step of a bulk order",
                "verbose_name_plural": "steps of bulk orders",
            },
        ),
        migrations.CreateModel(
            name="BulkDraw",
            fields=[
                _id(),
                ("begins", models.BigIntegerField()),
                ("grams", _grams()),
                ("demand", _key("orderbook.bulkdemand", "draws", db_index=False)),
                ("step", _key("orderbook.bulkstep", "draws", db_index=False)),
            ],
            options={
                "verbose_name": "draw of a bulk order",
                "verbose_name_plural": "draws of bulk orders",
            },
        ),
        migrations.CreateModel(
            name="BulkPart",
            fields=[
                _id(),
                ("grams", _grams()),
                ("line", _key("orderbook.bulkline", "parts")),
                ("retirement", _key("registry.retirement", "bulk_parts", null=True)),
                ("step", _key("orderbook.bulkstep", "parts", db_index=False)),
            ],
            options={
                "verbose_name": "part of a line of a bulk order",
                "verbose_name_plural": "parts of lines of bulk orders",
            },
        ),
        migrations.CreateModel(
            name="BulkCertificate",
            fields=[
                _id(),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "number",
                    models.CharField(max_length=24, unique=True, verbose_name="certificate number"),
                ),
                (
                    "beneficiary",
                    models.CharField(blank=True, max_length=200, verbose_name="beneficiary"),
                ),
                ("grams", _grams()),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="made at")),
                ("execution", _key("orderbook.bulkexecution", "certificates", db_index=False)),
            ],
            options={
                "verbose_name": "certificate of a bulk order",
                "verbose_name_plural": "certificates of bulk orders",
            },
        ),
        _check(
            "bulkexecution",
            "orderbook_bulkexecution_four_eyes",
            Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
        ),
        _check(
            "bulkexecution",
            "orderbook_bulkexecution_decided_once",
            Q(decision="pending", decided_by__isnull=True)
            | Q(decision__in=["approved", "rejected"], decided_by__isnull=False),
        ),
        _once(
            "bulkexecution",
            ("order",),
            "orderbook_bulkexecution_once",
            condition=~Q(decision="rejected"),
        ),
        _check(
            "bulkexecution",
            "orderbook_bulkexecution_not_the_maker",
            Q(decided_by__isnull=True) | ~Q(decided_by=F("brought_by")),
        ),
        _check(
            "bulkexecution",
            "orderbook_bulkexecution_let",
            Q(started_at__isnull=True)
            | Q(needs_second=False, decision="pending")
            | Q(needs_second=True, decision="approved"),
        ),
        _check(
            "bulkexecution",
            "orderbook_bulkexecution_sound",
            Q(total_max__gt=0) & (Q(ended_at__isnull=True) | Q(started_at__isnull=False)),
        ),
        _once("bulkstep", ("execution", "number"), "orderbook_bulkstep_once"),
        _once(
            "bulkstep",
            ("execution",),
            "orderbook_bulkstep_one_at_a_time",
            condition=Q(over_at__isnull=True),
        ),
        _check(
            "bulkstep",
            "orderbook_bulkstep_sound",
            Q(price__gt=0, size__gt=0, filled__gte=0, fees__gte=0)
            & Q(filled__lte=F("size"), surplus__gte=0, surplus__lte=F("filled"))
            & (Q(allotted_at__isnull=True) | Q(over_at__isnull=False))
            & (Q(filled=0) | Q(over_at__isnull=False, placed_id__isnull=False)),
        ),
        _once("bulkdraw", ("step", "demand"), "orderbook_bulkdraw_once"),
        _once("bulkdraw", ("demand", "begins"), "orderbook_bulkdraw_place"),
        _check("bulkdraw", "orderbook_bulkdraw_positive", Q(begins__gte=0, grams__gt=0)),
        _once("bulkpart", ("step", "line"), "orderbook_bulkpart_once"),
        _check("bulkpart", "orderbook_bulkpart_positive", Q(grams__gt=0)),
        _once("bulkcertificate", ("execution", "beneficiary"), "orderbook_bulkcertificate_once"),
        _check("bulkcertificate", "orderbook_bulkcertificate_positive", Q(grams__gt=0)),
    ]

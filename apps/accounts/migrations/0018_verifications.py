"""Who organisations are: what they say, what they prove it by, and what staff found."""

import uuid

import django.db.models.deletion
import django_countries.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_invitations"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="verified_until",
            field=models.DateField(
                blank=True,
                editable=False,
                help_text="The last day of what two members of staff have approved.",
                null=True,
                verbose_name="verified until",
            ),
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Being prepared"),
                            ("filed", "Being reviewed"),
                            ("more", "More is asked for"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                        ],
                        default="draft",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "legal_name",
                    models.CharField(blank=True, max_length=200, verbose_name="legal name"),
                ),
                (
                    "registration_number",
                    models.CharField(blank=True, max_length=80, verbose_name="registration number"),
                ),
                (
                    "country",
                    django_countries.fields.CountryField(
                        blank=True, max_length=2, verbose_name="country"
                    ),
                ),
                (
                    "address",
                    models.TextField(blank=True, max_length=500, verbose_name="registered address"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("company", "Company"),
                            ("listed", "Listed company"),
                            ("public", "Public body"),
                            ("non_profit", "Foundation or association"),
                            ("partnership", "Partnership or sole trader"),
                        ],
                        default="company",
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("opened_at", models.DateTimeField(auto_now_add=True, verbose_name="begun")),
                ("filed_at", models.DateTimeField(null=True, verbose_name="filed")),
                ("language", models.CharField(max_length=12, verbose_name="language")),
                (
                    "filed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="filed by",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="prepared by",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verifications",
                        to="accounts.organisation",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "verification",
                "verbose_name_plural": "verifications",
            },
        ),
        migrations.CreateModel(
            name="BeneficialOwner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("share_bps", models.PositiveIntegerField(verbose_name="share")),
                (
                    "country",
                    django_countries.fields.CountryField(max_length=2, verbose_name="country"),
                ),
                (
                    "verification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="beneficial_owners",
                        to="accounts.verification",
                    ),
                ),
            ],
            options={
                "verbose_name": "beneficial owner",
                "verbose_name_plural": "beneficial owners",
            },
        ),
        migrations.CreateModel(
            name="VerificationDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("register", "Extract from the register"),
                            ("articles", "Articles of association"),
                            ("ownership", "Who owns it"),
                            ("identity", "Identity of a person"),
                            ("address", "Proof of the address"),
                            ("other", "Something else"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="As it was called.", max_length=120, verbose_name="name"
                    ),
                ),
                ("ending", models.CharField(max_length=4, verbose_name="type")),
                ("size_bytes", models.PositiveIntegerField(verbose_name="size")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("file", models.CharField(editable=False, max_length=120, unique=True)),
                ("added_at", models.DateTimeField(auto_now_add=True, verbose_name="added")),
                ("removed_at", models.DateTimeField(null=True, verbose_name="taken away")),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="added by",
                    ),
                ),
                (
                    "verification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="accounts.verification",
                    ),
                ),
            ],
            options={
                "verbose_name": "document",
                "verbose_name_plural": "documents",
            },
        ),
        migrations.CreateModel(
            name="DocumentLook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="when")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="looks",
                        to="accounts.verificationdocument",
                        verbose_name="document",
                    ),
                ),
            ],
            options={
                "verbose_name": "look at a document",
                "verbose_name_plural": "looks at documents",
            },
        ),
        migrations.CreateModel(
            name="VerificationOutcome",
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
                            ("approve", "Approve"),
                            ("more", "Ask for more"),
                            ("refuse", "Refuse"),
                        ],
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        blank=True,
                        help_text="For the organisation: what is missing, or why it is refused.",
                        max_length=1000,
                        verbose_name="reason",
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True,
                        help_text="Of an approval. Empty: as long as this deployment lets it be.",
                        null=True,
                        verbose_name="valid until",
                    ),
                ),
                (
                    "mailed_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="mailed"),
                ),
                (
                    "reminded_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="reminded"),
                ),
                (
                    "lapsed_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="told that it lapsed"
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
                    "verification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="accounts.verification",
                        verbose_name="verification",
                    ),
                ),
            ],
            options={
                "verbose_name": "outcome of a verification",
                "verbose_name_plural": "outcomes of verifications",
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="verification",
            index=models.Index(fields=["state", "id"], name="accounts_verification_state"),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["draft", "filed", "more"])),
                fields=("organisation",),
                name="accounts_verification_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "draft"),
                    models.Q(
                        ("filed_at__isnull", False),
                        ("filed_by__isnull", False),
                        models.Q(("legal_name", ""), _negated=True),
                        models.Q(("registration_number", ""), _negated=True),
                        models.Q(("country", ""), _negated=True),
                        models.Q(("address", ""), _negated=True),
                    ),
                    models.Q(("filed_at__isnull", False), ("state", "more")),
                    _connector="OR",
                ),
                name="accounts_verification_filed_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="beneficialowner",
            constraint=models.CheckConstraint(
                condition=models.Q(("share_bps__gt", 0), ("share_bps__lte", 10000)),
                name="accounts_beneficialowner_share",
            ),
        ),
        migrations.AddIndex(
            model_name="verificationoutcome",
            index=models.Index(
                condition=models.Q(("decision", "approved"), ("mailed_at", None)),
                fields=["id"],
                name="accounts_outcome_to_mail",
            ),
        ),
        migrations.AddIndex(
            model_name="verificationoutcome",
            index=models.Index(
                condition=models.Q(
                    ("decision", "approved"), ("lapsed_at", None), ("outcome", "approve")
                ),
                fields=["valid_until"],
                name="accounts_outcome_to_remind",
            ),
        ),
        migrations.AddConstraint(
            model_name="verificationoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="accounts_verificationoutcome_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="verificationoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("decision", "pending")),
                    models.Q(
                        ("decided_by__isnull", False), ("decision__in", ["approved", "rejected"])
                    ),
                    _connector="OR",
                ),
                name="accounts_verificationoutcome_decided_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="verificationoutcome",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision", "pending")),
                fields=("verification",),
                name="accounts_outcome_waits_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="verificationoutcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "approve"), ("valid_until__isnull", False)),
                    models.Q(
                        ("outcome__in", ["more", "refuse"]),
                        ("valid_until", None),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="accounts_outcome_says_why",
            ),
        ),
    ]

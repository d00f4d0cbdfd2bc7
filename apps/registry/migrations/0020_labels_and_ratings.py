"""Labels with their provenance, and ratings on scales that are rows (docs/adr/0010)."""

import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import apps.registry.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0019_serials_are_rectangles"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClassEffect",
            fields=[
                (
                    "credit_class",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="effect",
                        serialize=False,
                        to="registry.creditclass",
                    ),
                ),
                (
                    "effect",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("removal", "Removal"),
                            ("reduction", "Reduction"),
                            ("mixed", "Removal and reduction"),
                        ],
                        max_length=10,
                        verbose_name="effect",
                    ),
                ),
            ],
            options={
                "verbose_name": "effect of a class",
                "verbose_name_plural": "effects of classes",
                "db_table": "registry_classeffect",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="ClassLabel",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("is_whole", models.BooleanField(verbose_name="of all blocks")),
            ],
            options={
                "verbose_name": "label of a class",
                "verbose_name_plural": "labels of classes",
                "db_table": "registry_classlabel",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="ClassRating",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("rank", models.PositiveSmallIntegerField(verbose_name="rank")),
            ],
            options={
                "verbose_name": "rating of a class",
                "verbose_name_plural": "ratings of classes",
                "db_table": "registry_classrating",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="UnmappedLabel",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("text", models.TextField(verbose_name="text")),
            ],
            options={
                "verbose_name": "label to be mapped",
                "verbose_name_plural": "labels to be mapped",
                "db_table": "registry_unmappedlabel",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Label",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("quality", "Quality"),
                            ("corsia", "Aviation (CORSIA)"),
                            ("article6", "Article 6 of the Paris Agreement"),
                            ("benefit", "Benefits beyond carbon"),
                            ("goal", "Sustainable Development Goals"),
                            ("effect", "Removal or reduction"),
                            ("compliance", "Compliance programs"),
                            ("other", "Other labels"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "effect",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("removal", "Removal"),
                            ("reduction", "Reduction"),
                            ("mixed", "Removal and reduction"),
                        ],
                        help_text="What the label says of removal or reduction, if anything.",
                        max_length=10,
                        verbose_name="effect",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("url", models.URLField(blank=True, max_length=300, verbose_name="page")),
            ],
            options={
                "verbose_name": "label",
                "verbose_name_plural": "labels",
                "ordering": ["position", "code"],
            },
        ),
        migrations.CreateModel(
            name="LabelGrant",
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
                        blank=True,
                        editable=False,
                        help_text="Of the block as it was then: its pieces keep the label when it is split.",
                        null=True,
                        verbose_name="gram addresses",
                    ),
                ),
                ("on", models.DateField(verbose_name="since")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until, inclusive")),
                ("source_url", models.URLField(max_length=500, verbose_name="source")),
                (
                    "document_url",
                    models.URLField(blank=True, max_length=500, verbose_name="document"),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
            ],
            options={
                "verbose_name": "label given by staff",
                "verbose_name_plural": "labels given by staff",
            },
        ),
        migrations.CreateModel(
            name="LabelSpelling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=200, verbose_name="spelling")),
                (
                    "folded",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(models.F("text"), function="registry_fold"),
                        output_field=models.TextField(),
                        verbose_name="as compared",
                    ),
                ),
            ],
            options={
                "verbose_name": "spelling of a label",
                "verbose_name_plural": "spellings of labels",
            },
        ),
        migrations.CreateModel(
            name="LabelWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=200, verbose_name="text")),
            ],
            options={
                "verbose_name": "label in a registry's words",
                "verbose_name_plural": "labels in registries' words",
            },
        ),
        migrations.CreateModel(
            name="Rating",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="vintage year"
                    ),
                ),
                ("on", models.DateField(verbose_name="date")),
                ("url", models.URLField(max_length=500, verbose_name="source")),
            ],
            options={
                "verbose_name": "rating",
                "verbose_name_plural": "ratings",
            },
        ),
        migrations.CreateModel(
            name="RatingAgency",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("url", models.URLField(blank=True, max_length=300, verbose_name="web site")),
            ],
            options={
                "verbose_name": "rating agency",
                "verbose_name_plural": "rating agencies",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="RatingGrade",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("grade", models.CharField(max_length=12, verbose_name="grade")),
                ("rank", models.PositiveSmallIntegerField(verbose_name="rank")),
            ],
            options={
                "verbose_name": "grade of a scale",
                "verbose_name_plural": "grades of scales",
                "ordering": ["agency", "-rank"],
            },
        ),
        migrations.CreateModel(
            name="LabelsDue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("credit_class", models.BigIntegerField(db_column="credit_class_id", null=True)),
            ],
            options={
                "verbose_name": "class whose labels are due",
                "verbose_name_plural": "classes whose labels are due",
            },
        ),
        migrations.CreateModel(
            name="CarriedLabel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("days", apps.registry.models.fields.DateMultiRangeField(verbose_name="days")),
                (
                    "whole_days",
                    apps.registry.models.fields.DateMultiRangeField(
                        verbose_name="days of all blocks"
                    ),
                ),
                (
                    "credit_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.creditclass",
                    ),
                ),
                (
                    "label",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.label",
                    ),
                ),
            ],
            options={
                "verbose_name": "label that a class carries",
                "verbose_name_plural": "labels that classes carry",
            },
        ),
        migrations.AddField(
            model_name="project",
            name="durability_years",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="How long the carbon stays stored; empty takes the type's.",
                null=True,
                verbose_name="durability, years",
            ),
        ),
        migrations.AddField(
            model_name="projecttype",
            name="durability_years",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="How long the carbon stays stored.",
                null=True,
                verbose_name="durability, years",
            ),
        ),
        migrations.AddField(
            model_name="label",
            name="broader",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="narrower",
                to="registry.label",
            ),
        ),
        migrations.AddField(
            model_name="labelgrant",
            name="block",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="label_grants",
                to="registry.serialblock",
            ),
        ),
        migrations.AddField(
            model_name="labelgrant",
            name="label",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="grants",
                to="registry.label",
            ),
        ),
        migrations.AddField(
            model_name="labelgrant",
            name="project",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="label_grants",
                to="registry.project",
            ),
        ),
        migrations.AddField(
            model_name="labelgrant",
            name="vintage",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="label_grants",
                to="registry.vintage",
            ),
        ),
        migrations.AddField(
            model_name="labelspelling",
            name="label",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="spellings",
                to="registry.label",
            ),
        ),
        migrations.AddField(
            model_name="labelspelling",
            name="registry",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="label_spellings",
                to="registry.registry",
            ),
        ),
        migrations.AddField(
            model_name="labelword",
            name="registry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.registry",
            ),
        ),
        migrations.AddField(
            model_name="rating",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ratings",
                to="registry.project",
            ),
        ),
        migrations.AddField(
            model_name="ratinggrade",
            name="agency",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="grades",
                to="registry.ratingagency",
            ),
        ),
        migrations.AddField(
            model_name="rating",
            name="grade",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ratings",
                to="registry.ratinggrade",
            ),
        ),
        migrations.AddConstraint(
            model_name="carriedlabel",
            constraint=models.UniqueConstraint(
                fields=("label", "credit_class"), name="registry_carried_label_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("broader__isnull", True),
                    models.Q(("broader", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="registry_label_not_its_own_broader",
            ),
        ),
        migrations.AddConstraint(
            model_name="labelgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("block__isnull", True),
                        ("project__isnull", False),
                        ("vintage__isnull", True),
                    ),
                    models.Q(
                        ("block__isnull", True),
                        ("project__isnull", True),
                        ("vintage__isnull", False),
                    ),
                    models.Q(
                        ("block__isnull", False),
                        ("project__isnull", True),
                        ("vintage__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="registry_grant_has_one_scope",
                violation_error_message="Choose a project, a vintage or a block: just one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="labelgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until__isnull", True), ("until__gte", models.F("on")), _connector="OR"
                ),
                name="registry_grant_ends_after_it_starts",
                violation_error_message="It cannot end before it starts.",
            ),
        ),
        migrations.AddConstraint(
            model_name="labelspelling",
            constraint=models.UniqueConstraint(
                fields=("registry", "folded"),
                name="registry_label_spelling_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="labelword",
            constraint=models.UniqueConstraint(
                fields=("registry", "text"), name="registry_label_word_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="ratinggrade",
            constraint=models.UniqueConstraint(
                fields=("agency", "grade"), name="registry_grade_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="ratinggrade",
            constraint=models.UniqueConstraint(
                fields=("agency", "rank"), name="registry_grade_rank_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.UniqueConstraint(
                fields=("project", "year", "grade", "on"),
                name="registry_rating_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="labelgrant",
            index=django.contrib.postgres.indexes.GistIndex(
                fields=["grams"], name="registry_grant_grams"
            ),
        ),
    ]

"""What the registries' lists of projects say, and the labels that their entries carry."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0005_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="afolu_activities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200),
                blank=True,
                default=list,
                size=None,
                verbose_name="activities in agriculture, forestry and land use",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="estimated_annual_tonnes",
            field=models.BigIntegerField(
                blank=True, null=True, verbose_name="estimated tonnes a year"
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="further",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What else the registry's list says, by the names in imports/further.py.",
                verbose_name="further facts",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="latitude",
            field=models.DecimalField(
                blank=True, decimal_places=6, max_digits=8, null=True, verbose_name="latitude"
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="location",
            field=models.TextField(blank=True, verbose_name="location"),
        ),
        migrations.AddField(
            model_name="project",
            name="longitude",
            field=models.DecimalField(
                blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="longitude"
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="region",
            field=models.TextField(blank=True, verbose_name="state or region"),
        ),
        migrations.AddField(
            model_name="project",
            name="registered_on",
            field=models.DateField(blank=True, null=True, verbose_name="registered"),
        ),
        migrations.AddField(
            model_name="project",
            name="sdgs",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                blank=True,
                default=list,
                size=None,
                verbose_name="Sustainable Development Goals",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="website",
            field=models.TextField(blank=True, verbose_name="web site"),
        ),
        migrations.AddField(
            model_name="registryentry",
            name="buffer_grams",
            field=models.BigIntegerField(
                blank=True, null=True, verbose_name="into a buffer pool, grams"
            ),
        ),
        migrations.AddField(
            model_name="registryentry",
            name="labels",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200),
                blank=True,
                default=list,
                size=None,
                verbose_name="labels, as the registry spells them",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="kind",
            field=models.CharField(
                blank=True,
                help_text="Our own word for it. It counts before the registry's when the type is told.",
                max_length=60,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("latitude__isnull", True), ("longitude__isnull", True)),
                    models.Q(
                        ("latitude__isnull", False),
                        ("latitude__range", (-90, 90)),
                        ("longitude__isnull", False),
                        ("longitude__range", (-180, 180)),
                    ),
                    _connector="OR",
                ),
                name="registry_project_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "sdgs__contained_by",
                        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
                    )
                ),
                name="registry_project_goals",
            ),
        ),
    ]

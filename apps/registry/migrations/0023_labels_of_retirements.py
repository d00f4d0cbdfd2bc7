"""A certificate keeps the labels that its grams had when they were retired."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER registry_retirement_label_append_only
    BEFORE UPDATE OR DELETE ON registry_retirementlabel
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER registry_retirement_label_no_truncate
    BEFORE TRUNCATE ON registry_retirementlabel
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""
BACKWARD = """
DROP TRIGGER registry_retirement_label_no_truncate ON registry_retirementlabel;
DROP TRIGGER registry_retirement_label_append_only ON registry_retirementlabel;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0022_seed_labels")]

    operations = [
        migrations.CreateModel(
            name="RetirementLabel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("grams", models.BigIntegerField(verbose_name="grams")),
                (
                    "label",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.label",
                    ),
                ),
                (
                    "retirement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="labels",
                        to="registry.retirement",
                    ),
                ),
            ],
            options={
                "verbose_name": "label of a retirement",
                "verbose_name_plural": "labels of retirements",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("retirement", "label"), name="registry_retirement_label_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("grams__gt", 0)),
                        name="registry_retirement_label_positive",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

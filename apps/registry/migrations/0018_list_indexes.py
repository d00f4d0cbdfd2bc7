"""Indexes by which staff's lists filter blocks, entries, refused lines, changes and retirements."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_list_indexes"),
        ("registry", "0017_only_parts_are_found_by_their_root"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="importchange",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="registry.importrun",
            ),
        ),
        migrations.AlterField(
            model_name="importrefusal",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="refusals",
                to="registry.importrun",
            ),
        ),
        migrations.AlterField(
            model_name="registryentry",
            name="registry",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="registry.registry",
            ),
        ),
        migrations.AddIndex(
            model_name="importchange",
            index=models.Index(fields=["run", "id"], name="registry_change_run"),
        ),
        migrations.AddIndex(
            model_name="importrefusal",
            index=models.Index(fields=["-run", "line", "-id"], name="registry_refusal_line"),
        ),
        migrations.AddIndex(
            model_name="registryentry",
            index=models.Index(fields=["registry", "id"], name="registry_entry_registry"),
        ),
        migrations.AddIndex(
            model_name="registryentry",
            index=models.Index(fields=["kind", "id"], name="registry_entry_kind"),
        ),
        migrations.AddIndex(
            model_name="retirement",
            index=models.Index(fields=["source", "id"], name="registry_retirement_source"),
        ),
        migrations.AddIndex(
            model_name="retirement",
            index=models.Index(
                condition=models.Q(("registry_confirmed_at__isnull", True)),
                fields=["id"],
                name="registry_retirement_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="retirement",
            index=models.Index(
                condition=models.Q(("registry_confirmed_at__isnull", False)),
                fields=["id"],
                name="registry_retirement_confirmed",
            ),
        ),
        migrations.AddIndex(
            model_name="retirement",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("beneficiary"), "text_pattern_ops"
                ),
                name="registry_retirement_for",
            ),
        ),
        migrations.AddIndex(
            model_name="serialblock",
            index=models.Index(
                condition=models.Q(("state__in", ["immobilised", "withdrawn"])),
                fields=["state", "id"],
                name="registry_block_state",
            ),
        ),
    ]

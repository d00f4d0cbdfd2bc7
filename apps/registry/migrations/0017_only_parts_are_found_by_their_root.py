"""An import of a million blocks, none of which is a part, keeps no index of their roots."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0016_blocks_are_placed_by_the_statement")]

    operations = [
        migrations.AlterField(
            "serialblock",
            "root",
            models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                help_text="The block it was first issued in. That block keeps its lowest serials.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="registry.serialblock",
                verbose_name="cut from",
            ),
        ),
        migrations.AddIndex(
            "serialblock",
            models.Index(
                condition=models.Q(("root__isnull", False)),
                fields=["root"],
                name="registry_block_parts",
            ),
        ),
    ]

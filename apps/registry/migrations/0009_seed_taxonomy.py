"""The taxonomy to start with. Staff keep it from here on."""

from functools import partial
from typing import Any

from django.db import migrations

from apps.registry.registries import REGISTRIES
from apps.registry.taxonomy import seed


def forward(apps: Any, schema_editor: Any) -> None:
    registry = apps.get_model("registry", "Registry")
    for facts in REGISTRIES.values():
        defaults = {"name": facts.name, "url": facts.url}
        registry.objects.get_or_create(code=facts.code, defaults=defaults)
    seed(partial(apps.get_model, "registry"))


class Migration(migrations.Migration):
    dependencies = [("registry", "0008_taxonomy")]
    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]

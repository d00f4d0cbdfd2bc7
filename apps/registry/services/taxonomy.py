"""Bringing in the taxonomy that an installation starts with."""

from __future__ import annotations

from functools import partial

from django.apps import apps
from django.db import transaction

from apps.registry.registries import REGISTRIES, registry_row
from apps.registry.taxonomy import seed
from apps.registry.taxonomy.labels import seed_labels


@transaction.atomic
def taxonomy_load() -> None:
    """Categories, types, methodologies, labels and spellings that are missing; nothing else."""
    for slug in REGISTRIES:
        registry_row(slug)
    seed(partial(apps.get_model, "registry"))
    seed_labels(partial(apps.get_model, "registry"))

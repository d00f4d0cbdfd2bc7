"""The labels that an installation starts with, in `labels.toml`."""

import tomllib
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("labels.toml")


def seed_labels(model: Any) -> None:
    """Bring in every label and spelling of `labels.toml` that is not there.

    What staff have changed stays as they have it. `model` finds a model by its name.
    """
    rows = tomllib.loads(PATH.read_text(encoding="utf-8"))["label"]
    labels = model("Label").objects
    for position, row in enumerate(rows):
        # One after another: a label's broader one comes before it.
        broader = labels.get(code=row["broader"]) if "broader" in row else None
        labels.get_or_create(
            code=row["code"],
            defaults={
                "name": row["name"],
                "kind": row["kind"],
                "effect": row.get("effect", ""),
                "url": row.get("url", ""),
                "broader": broader,
                "position": position,
            },
        )
    ids = dict(labels.values_list("code", "pk"))
    model("LabelSpelling").objects.bulk_create(
        [
            model("LabelSpelling")(text=text, label_id=ids[row["code"]])
            for row in rows
            for text in row.get("spellings", ())
        ],
        ignore_conflicts=True,
    )

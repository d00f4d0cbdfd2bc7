"""The taxonomy that an installation starts with, in `seed.toml`."""

import tomllib
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("seed.toml")


def seed(model: Any) -> None:
    """Bring in every category, type, methodology and spelling of `seed.toml` that is not there.

    What staff have changed stays as they have it. `model` finds a model by its name.
    """
    tables = tomllib.loads(PATH.read_text(encoding="utf-8"))
    categories = _make(
        model("TypeCategory"),
        [{"code": row["code"], "name": row["name"]} for row in tables["category"]],
    )
    types = _make(model("ProjectType"), [_type(row, categories) for row in tables["type"]])
    methodologies = _make(
        model("Methodology"), [_methodology(row, types) for row in tables["methodology"]]
    )
    registries = dict(model("Registry").objects.values_list("code", "pk"))
    model("TypeSpelling").objects.bulk_create(
        [
            model("TypeSpelling")(
                registry_id=registries.get(code), text=text, type_id=types[row["code"]]
            )
            for row in tables["type"]
            for code, texts in {"": row.get("spellings", []), **row.get("at", {})}.items()
            for text in texts
            if code in registries or not code
        ],
        ignore_conflicts=True,
    )
    model("MethodologySpelling").objects.bulk_create(
        [
            model("MethodologySpelling")(text=text, methodology_id=methodologies[row["code"]])
            for row in tables["methodology"]
            for text in row["spellings"]
        ],
        ignore_conflicts=True,
    )


def _make(model: Any, rows: list[dict[str, Any]]) -> dict[str, int]:
    """The primary keys by code, of those just made and those that were there."""
    model.objects.bulk_create([model(**row) for row in rows], ignore_conflicts=True)
    return dict(model.objects.values_list("code", "pk"))


def _type(row: dict[str, Any], categories: dict[str, int]) -> dict[str, Any]:
    return {
        "code": row["code"],
        "name": row["name"],
        "category_id": categories[row["category"]],
        "effect": row.get("effect", ""),
        "is_general": row.get("general", False),
    }


def _methodology(row: dict[str, Any], types: dict[str, int]) -> dict[str, Any]:
    return {
        "code": row["code"],
        "name": row.get("name", ""),
        "program": row.get("program", ""),
        "url": row.get("url", ""),
        "type_id": types.get(row.get("type", "")),
    }

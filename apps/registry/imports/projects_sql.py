"""What rows say of their projects, on its way from a staging table to the projects.

A `source` is a table, or a query in brackets, of staged rows with the columns of `FACTS`, beside
`line`, `registry_id` and `project`, the project's number. Of several rows of one project the
first counts. What a row leaves empty stays as it is known.
"""

from collections.abc import Callable
from typing import Any

from apps.registry.imports.changes_sql import recorded
from apps.registry.models import ImportRun

# How each fact is staged, by what counts as empty: '', '{}', null, and no pair at all.
TEXTS = {
    "country": "text",
    "project_type": "text",
    "proponent": "text",
    "status": "text",
    "kind": "text",
    "description": "text",
    "region": "text",
    "location": "text",
    "website": "text",
}
LISTS = {"methodologies": "text[]", "afolu_activities": "text[]", "sdgs": "smallint[]"}
VALUES = {
    "crediting_start": "date",
    "crediting_end": "date",
    "registered_on": "date",
    "latitude": "numeric",
    "longitude": "numeric",
    "estimated_annual_tonnes": "bigint",
}
COLUMNS = {"name": "text", **TEXTS, **LISTS, **VALUES, "further": "jsonb"}
FACTS = tuple(COLUMNS)

# What a project is to be, fact by fact, from what is told and what is known of it.
Merge = Callable[[str, str], dict[str, str]]


def newest(told: str, known: str) -> dict[str, str]:
    """Everything that is told, and where nothing is told what is known."""
    number = f"{known}.registry_project_id"
    return {
        "name": f"coalesce(nullif(nullif({told}.name, ''), {number}), {known}.name)",
        **{name: f"coalesce(nullif({told}.{name}, ''), {known}.{name})" for name in TEXTS},
        **{
            name: f"coalesce(nullif({told}.{name}::{kind}, '{{}}'), {known}.{name}::{kind})"
            for name, kind in LISTS.items()
        },
        **{name: f"coalesce({told}.{name}, {known}.{name})" for name in VALUES},
        "further": f"{known}.further || {told}.further",
    }


def missing(told: str, known: str) -> dict[str, str]:
    """Everything that is known, and where nothing is known what is told."""
    number = f"{known}.registry_project_id"
    return {
        "name": f"coalesce(nullif({known}.name, {number}), nullif({told}.name, ''), {number})",
        **{name: f"coalesce(nullif({known}.{name}, ''), {told}.{name})" for name in TEXTS},
        **{
            name: f"coalesce(nullif({known}.{name}::{kind}, '{{}}'), {told}.{name}::{kind})"
            for name, kind in LISTS.items()
        },
        **{name: f"coalesce({known}.{name}, {told}.{name})" for name in VALUES},
        "further": f"{told}.further || {known}.further",
    }


def differs(merge: Merge, told: str, known: str) -> str:
    """The condition that merging makes anything else of the project `known`."""
    return " OR ".join(
        f"{value} IS DISTINCT FROM {known}.{name}{_cast(name)}"
        for name, value in merge(told, known).items()
    )


def _cast(name: str) -> str:
    return f"::{LISTS[name]}" if name in LISTS else ""


def told(source: str) -> str:
    """The statement that puts the first row of each project into `registry_told`."""
    facts = ", ".join(f"l.{name}" for name in FACTS[1:])
    return f"""
DROP TABLE IF EXISTS pg_temp.registry_told;
CREATE TEMPORARY TABLE registry_told ON COMMIT DROP AS
SELECT l.line, l.registry_id, l.project, coalesce(nullif(l.name, ''), l.project) AS name, {facts}
FROM {source} l
WHERE l.line IN (SELECT min(f.line) FROM {source} f GROUP BY f.registry_id, f.project)
"""  # noqa: S608 - put together from constants


def changes(merge: Merge) -> str:
    """The statement that records what the rows in `registry_told` change of known projects."""
    fields = {
        name: (_as_text(name, f"p.{name}"), _as_text(name, value))
        for name, value in merge("l", "p").items()
    }
    return recorded(
        subject="project",
        row="p.id",
        name="p.code",
        fields=fields,
        source="""registry_told l JOIN registry_project p
            ON p.registry_id = l.registry_id AND p.registry_project_id = l.project""",
    )


def _as_text(name: str, value: str) -> str:
    if name in LISTS:
        return f"array_to_string({value}, '; ')"
    return f"trim_scale({value})" if COLUMNS[name] == "numeric" else value


def upsert(merge: Merge) -> str:
    """The statement that makes projects, and merges what is told into known ones."""
    columns = ", ".join(FACTS)
    listed = ", ".join(f"l.{name}" for name in FACTS)
    changed = ", ".join(f"{name} = {value}" for name, value in merge("excluded", "p").items())
    return f"""
INSERT INTO registry_project AS p (
    registry_id, registry_project_id, code, {columns}, created_at, updated_at)
SELECT l.registry_id, l.project, r.code || '-' || l.project, {listed}, now(), now()
FROM registry_told l JOIN registry_registry r ON r.id = l.registry_id
ORDER BY l.registry_id, l.project
ON CONFLICT (registry_id, registry_project_id) DO UPDATE SET {changed}, updated_at = now()
WHERE {differs(merge, "excluded", "p")}
"""  # noqa: S608 - put together from constants


def land(cursor: Any, source: str, merge: Merge, run: ImportRun | None) -> None:
    """Make the projects of `source` and merge what it tells into known ones; record it."""
    cursor.execute(told(source))
    if run is not None:
        cursor.execute(changes(merge), (run.pk,))
    cursor.execute(upsert(merge))

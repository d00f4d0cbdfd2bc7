"""From rows of a registry's list of projects to projects, all at once."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from apps.registry.imports import projects_sql
from apps.registry.imports.projects_sql import COLUMNS, FACTS, Merge, differs, newest
from apps.registry.imports.rows import ProjectFacts, ProjectRow, RefusedRow
from apps.registry.imports.verdicts import LOCK, Landed, stream
from apps.registry.models import ImportRun
from apps.registry.refusals import RowRefused
from apps.registry.registries import REGISTRIES, registry_row

FACT_COLUMNS = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
_CREATE = f"""
DROP TABLE IF EXISTS pg_temp.registry_staged_projects;
CREATE TEMPORARY TABLE registry_staged_projects (
    line bigint, registry_id bigint, project text, {FACT_COLUMNS}
) ON COMMIT DROP
"""
_EQUAL = " AND ".join(f"l.{fact} IS NOT DISTINCT FROM f.{fact}" for fact in FACTS)
_COMPARE = f"""
DROP TABLE IF EXISTS pg_temp.registry_compared;
CREATE TEMPORARY TABLE registry_compared ON COMMIT DROP AS
SELECT l.line, l.project,
       CASE WHEN l.line > f.line
            THEN CASE WHEN {_EQUAL}
                      THEN 'repeat' ELSE 'twice' END
            WHEN p.id IS NULL THEN 'new'
            WHEN {differs(newest, "l", "p")} THEN 'update'
            ELSE 'same' END AS verdict
FROM registry_staged_projects l
JOIN (SELECT DISTINCT ON (registry_id, project) * FROM registry_staged_projects
      ORDER BY registry_id, project, line) f USING (registry_id, project)
LEFT JOIN registry_project p
    ON p.registry_id = l.registry_id AND p.registry_project_id = l.project
"""  # noqa: S608 - put together from constants
_COUNTS = """
SELECT count(*) FILTER (WHERE verdict IN ('new', 'update')),
       count(*) FILTER (WHERE verdict IN ('same', 'repeat')), 0
FROM registry_compared
"""


def facts_of(project: ProjectFacts) -> tuple[object, ...]:
    """What is known of a project, in the order of `FACT_COLUMNS`."""
    return tuple(_staged(getattr(project, fact)) for fact in FACTS)


def _staged(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return Jsonb(value) if isinstance(value, dict) else value


def land(
    rows: Iterable[ProjectRow], run: ImportRun | None = None, *, merge: Merge = newest
) -> Landed:
    """Write what `rows` say. Must run inside `transaction.atomic()`, before `refused_rows`.

    What changes is recorded with `run`, if there is one. With `missing` they only fill what is
    not known.
    """
    assert connection.in_atomic_block, "an import lands whole or not at all"
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        _stage(cursor, rows)
        cursor.execute(_COMPARE)
        projects_sql.land(cursor, "registry_staged_projects", merge, run)
        cursor.execute(_COUNTS)
        return Landed(*cursor.fetchone())


def refused_rows() -> Iterator[RefusedRow]:
    """The rows that `land` refused, in order. In the same transaction."""
    query = "SELECT line, project FROM registry_compared WHERE verdict = 'twice' ORDER BY line"
    with connection.cursor() as cursor:
        for line, project in stream(cursor, "refused", query):
            reason = RowRefused("entry_twice", found=project)
            yield RefusedRow(line, reason.code, str(reason), project)


def _stage(cursor: Any, rows: Iterable[ProjectRow]) -> None:
    registry_ids = {slug: registry_row(slug).pk for slug in REGISTRIES}
    cursor.execute(_CREATE)
    with cursor.copy("COPY registry_staged_projects FROM STDIN") as copy:
        for row in rows:
            copy.write_row(
                (row.line, registry_ids[row.registry], row.project.number, *facts_of(row.project))
            )
    cursor.execute("ANALYZE registry_staged_projects")

"""What rows say of their projects, on its way from a staging table to the projects.

A `source` is a table, or a query in brackets, of staged rows with the columns of `FACTS`, beside
`line`, `registry_id` and `project`, the project's number. Of several rows of one project the
first counts. What a row leaves empty stays as it is known.
"""

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


def empty_facts(*names: str) -> str:
    """The facts `names`, all empty, as columns of a query whose rows do not say them."""
    empty = dict.fromkeys(TEXTS, "''") | dict.fromkeys(LISTS, "'{}'") | {"further": "'{}'"}
    return ", ".join(f"{empty.get(name, 'NULL')}::{COLUMNS[name]} AS {name}" for name in names)


def _insert(source: str) -> str:
    columns = ", ".join(FACTS)
    listed = ", ".join(f"l.{column}" for column in FACTS[1:])
    return f"""
INSERT INTO registry_project AS p (
    registry_id, registry_project_id, code, {columns}, created_at, updated_at)
SELECT DISTINCT ON (l.registry_id, l.project)
       l.registry_id, l.project, r.code || '-' || l.project,
       coalesce(nullif(l.name, ''), l.project), {listed}, now(), now()
FROM {source} l JOIN registry_registry r ON r.id = l.registry_id
ORDER BY l.registry_id, l.project, l.line
ON CONFLICT (registry_id, registry_project_id) DO UPDATE SET
"""  # noqa: S608 - put together from constants


def differs(told: str, known: str) -> str:
    """The condition that the row `told` says anything else than the project `known` does."""
    texts = (f"{told}.{name} NOT IN ('', {known}.{name})" for name in TEXTS)
    lists = (
        f"{told}.{name}::{kind} NOT IN ('{{}}', {known}.{name}::{kind})"
        for name, kind in LISTS.items()
    )
    values = (
        f"coalesce({told}.{name} <> {known}.{name}, {told}.{name} IS NOT NULL)" for name in VALUES
    )
    return " OR ".join(
        (
            f"{told}.name NOT IN ('', {known}.registry_project_id, {known}.name)",
            *texts,
            *lists,
            *values,
            f"NOT {known}.further @> {told}.further",
        )
    )


def newest_facts(source: str) -> str:
    """The statement that makes projects, and gives known ones what the rows say anew."""
    texts = (f"{name} = coalesce(nullif(excluded.{name}, ''), p.{name})" for name in TEXTS)
    lists = (f"{name} = coalesce(nullif(excluded.{name}, '{{}}'), p.{name})" for name in LISTS)
    values = (f"{name} = coalesce(excluded.{name}, p.{name})" for name in VALUES)
    changed = ", ".join(
        (
            "name = coalesce(nullif(excluded.name, p.registry_project_id), p.name)",
            *texts,
            *lists,
            *values,
            "further = p.further || excluded.further",
        )
    )
    return f"{_insert(source)} {changed}, updated_at = now() WHERE {differs('excluded', 'p')}"


def missing_facts(source: str) -> str:
    """The statement that makes projects, and gives known ones only what is not known of them."""
    texts = (f"{name} = coalesce(nullif(p.{name}, ''), excluded.{name})" for name in TEXTS)
    lists = (f"{name} = coalesce(nullif(p.{name}, '{{}}'), excluded.{name})" for name in LISTS)
    values = (f"{name} = coalesce(p.{name}, excluded.{name})" for name in VALUES)
    changed = ", ".join(
        (
            "name = coalesce(nullif(p.name, p.registry_project_id), excluded.name)",
            *texts,
            *lists,
            *values,
            "further = excluded.further || p.further",
        )
    )
    empty_texts = (f"(p.{name} = '' AND excluded.{name} <> '')" for name in TEXTS)
    empty_lists = (f"(p.{name} = '{{}}' AND excluded.{name} <> '{{}}')" for name in LISTS)
    empty_values = (f"(p.{name} IS NULL AND excluded.{name} IS NOT NULL)" for name in VALUES)
    missing = " OR ".join(
        (
            "(p.name = p.registry_project_id AND excluded.name <> p.name)",
            *empty_texts,
            *empty_lists,
            *empty_values,
            "NOT p.further ?& ARRAY(SELECT jsonb_object_keys(excluded.further))",
        )
    )
    return f"{_insert(source)} {changed}, updated_at = now() WHERE {missing}"

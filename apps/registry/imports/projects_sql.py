"""What rows say of their projects, on its way from a staging table to the projects.

A `source` is a table, or a query in brackets, of staged rows with the columns of `FACTS`, beside
`line`, `registry_id` and `project`, the project's number. Of several rows of one project the
first counts. What a row leaves empty stays as it is known.
"""

TEXTS = ("country", "project_type", "proponent", "status", "kind", "description")
DATES = ("crediting_start", "crediting_end")
FACTS = ("name", *TEXTS, "methodologies", *DATES)


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
    dates = (f"{told}.{name} <> coalesce({known}.{name}, '-infinity')" for name in DATES)
    return " OR ".join(
        (
            f"{told}.name NOT IN ('', {known}.registry_project_id, {known}.name)",
            f"{told}.methodologies::text[] NOT IN ('{{}}', {known}.methodologies::text[])",
            *texts,
            *dates,
        )
    )


def newest_facts(source: str) -> str:
    """The statement that makes projects, and gives known ones what the rows say anew."""
    texts = (f"{name} = coalesce(nullif(excluded.{name}, ''), p.{name})" for name in TEXTS)
    dates = (f"{name} = coalesce(excluded.{name}, p.{name})" for name in DATES)
    changed = ", ".join(
        (
            "name = coalesce(nullif(excluded.name, p.registry_project_id), p.name)",
            "methodologies = coalesce(nullif(excluded.methodologies, '{}'), p.methodologies)",
            *texts,
            *dates,
        )
    )
    return f"{_insert(source)} {changed}, updated_at = now() WHERE {differs('excluded', 'p')}"


def missing_facts(source: str) -> str:
    """The statement that makes projects, and gives known ones only what is not known of them."""
    texts = (f"{name} = coalesce(nullif(p.{name}, ''), excluded.{name})" for name in TEXTS)
    dates = (f"{name} = coalesce(p.{name}, excluded.{name})" for name in DATES)
    changed = ", ".join(
        (
            "name = coalesce(nullif(p.name, p.registry_project_id), excluded.name)",
            "methodologies = coalesce(nullif(p.methodologies, '{}'), excluded.methodologies)",
            *texts,
            *dates,
        )
    )
    empty_texts = (f"(p.{name} = '' AND excluded.{name} <> '')" for name in TEXTS)
    empty_dates = (f"(p.{name} IS NULL AND excluded.{name} IS NOT NULL)" for name in DATES)
    missing = " OR ".join(
        (
            "(p.name = p.registry_project_id AND excluded.name <> p.name)",
            "(p.methodologies = '{}' AND excluded.methodologies <> '{}')",
            *empty_texts,
            *empty_dates,
        )
    )
    return f"{_insert(source)} {changed}, updated_at = now() WHERE {missing}"

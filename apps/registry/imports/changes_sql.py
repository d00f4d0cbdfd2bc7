"""The statement that records what an import is about to change, field by field."""

from collections.abc import Mapping


def recorded(
    *, subject: str, row: str, name: str, fields: Mapping[str, tuple[str, str]], source: str
) -> str:
    """One `ImportChange` for each field that will differ; to be run before the change itself.

    `source` joins the staged rows `l` with the rows that they change, `row` and `name` are the
    key and the name of such a row, and `fields` holds the expressions before and after of each
    field. The statement takes one parameter, the key of the run.
    """
    values = ", ".join(
        f"('{field}', ({before})::text, ({after})::text)"
        for field, (before, after) in fields.items()
    )
    return f"""
INSERT INTO registry_importchange (run_id, line, subject, subject_id, name, field, before, after)
SELECT %s, l.line, '{subject}', {row}, {name}, f.field, coalesce(f.before, ''),
       coalesce(f.after, '')
FROM {source} CROSS JOIN LATERAL (VALUES {values}) f (field, before, after)
WHERE coalesce(f.before, '') <> coalesce(f.after, '') ORDER BY l.line
"""  # noqa: S608 - put together from constants

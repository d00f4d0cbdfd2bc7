"""The trigger that records a table's history, for migrations: `record_history("registry_project")`.

The function behind it, `accounts_record_change`, is in the migration `0005_history`.
"""

from __future__ import annotations

from django.db.migrations import RunSQL

TRIGGER = "history"
ALL = "INSERT OR UPDATE OR DELETE"
# Who changes what is there. What comes in by itself (sign-ups, retirements) is its own record.
CHANGES = "UPDATE OR DELETE"


def record_history(
    table: str,
    *,
    events: str = ALL,
    ignored: tuple[str, ...] = (),
    hidden: tuple[str, ...] = (),
    but_imports: bool = False,
) -> RunSQL:
    """From now on every change of `table`, whoever makes it and how, is in the history.

    A change of `ignored` columns alone is none; of `hidden` ones only that they changed is kept.
    `but_imports` leaves out what a registry's file brings: an import records its own changes.
    """
    when = "WHEN (coalesce(current_setting('ccmarket.import_run', true), '') = '')"
    arguments = f"'{{{','.join(ignored)}}}', '{{{','.join(hidden)}}}'"
    return RunSQL(
        f"CREATE TRIGGER {TRIGGER} AFTER {events} ON {table} FOR EACH ROW "
        f"{when if but_imports else ''} EXECUTE FUNCTION accounts_record_change({arguments});",
        f"DROP TRIGGER {TRIGGER} ON {table};",
    )

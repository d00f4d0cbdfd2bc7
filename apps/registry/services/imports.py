"""Bringing a registry's file, or our own catalogue, into the database."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services.history import recorded_by_import
from apps.registry.catalogue import catalogue_rows
from apps.registry.imports import landing, landing_entries, landing_projects, statements
from apps.registry.imports.formats import Detected, detect, open_table, read_rows
from apps.registry.imports.progress import Report, silent, told
from apps.registry.imports.rows import (
    BlockRow,
    EntryRow,
    HoldingRow,
    ProjectRow,
    ReadRow,
    RefusedRow,
)
from apps.registry.imports.verdicts import Landed
from apps.registry.models import ImportChange, ImportRefusal, ImportRun
from apps.registry.registries import registry_row

_BATCH_ROWS = 1_000
_TEXT_LIMIT_CHARS = 2_000


# How what a file says lands: a module with `land` and `refused_rows`.
_LANDINGS: dict[object, Any] = {
    BlockRow: landing,
    EntryRow: landing_entries,
    ProjectRow: landing_projects,
    HoldingRow: statements,
}


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of a file's rows: `rows == accepted + unchanged + refused`."""

    rows: int
    accepted: int
    unchanged: int
    refused: int
    accepted_grams: int


def import_run(
    *,
    path: Path,
    registry: str | None = None,
    by: User | None = None,
    is_dry_run: bool = False,
    report: Callable[[ImportRefusal], None] = lambda refusal: None,
    changed: Callable[[ImportChange], None] = lambda change: None,
    progress: Report = silent,
    finished: Callable[[ImportRun], None] = lambda run: None,
) -> ImportOutcome:
    """Read the export at `path` and write what it says, in one transaction.

    Good rows land whatever their neighbours are. `report` is called with every refused row, in
    the order of the file, and then `changed` with all that changed of what was known; both are
    kept with the run as well. A dry run does all of it and then takes it back. `registry` is a
    slug to insist on, None to tell from the header.

    `progress` is called while the file is read, inside the transaction and while its connection
    takes no other statement: what it stores goes through another one. What it raises ends the
    import, with nothing changed. `finished` is called last with the run, inside the transaction:
    what it writes is there exactly if the import is.

    Raises `FileRefused`, with nothing changed, when the file as a whole cannot be used.
    """
    with open_table(path) as table, transaction.atomic():
        found = detect(table, registry=registry)
        run = _run_start(path, found, by)
        way = _LANDINGS[found.format.says]
        rows = told(read_rows(table, found), table, progress)
        with (
            recorded_by_import(run_id=run.pk),
            _unread_put_aside(rows) as (readable, unread),
        ):
            landed = way.land(readable, run)
            _refusals_keep(run, chain(unread(), way.refused_rows()))
        outcome = _run_finish(run, landed)
        for refusal in run.refusals.order_by("line").iterator(_BATCH_ROWS):
            report(refusal)
        for change in run.changes.order_by("id").iterator(_BATCH_ROWS):
            changed(change)
        finished(run)
        transaction.set_rollback(is_dry_run)
    return outcome


@transaction.atomic
def catalogue_load() -> Landed:
    """Bring in the real projects of our catalogue. Repeating it changes nothing.

    Where a registry's own file has told more since, what it told stays.
    """
    return landing.land(catalogue_rows())


@contextmanager
def _unread_put_aside(
    rows: Iterable[ReadRow | RefusedRow],
) -> Iterator[tuple[Iterator[ReadRow], Callable[[], Iterator[RefusedRow]]]]:
    """`rows` without those that could not be read, and a way to get these afterwards.

    They wait on disk: while COPY takes the readable ones, its connection takes nothing else.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as aside:

        def readable() -> Iterator[ReadRow]:
            for row in rows:
                if isinstance(row, RefusedRow):
                    aside.write(json.dumps(asdict(row)) + "\n")
                else:
                    yield row

        def unread() -> Iterator[RefusedRow]:
            aside.seek(0)
            for line in aside:
                yield RefusedRow(**json.loads(line))

        yield readable(), unread


def _run_start(path: Path, found: Detected, by: User | None) -> ImportRun:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ImportRun.objects.create(
        registry=registry_row(found.format.registry),
        kind=found.format.kind,
        file_name=path.name[-255:],
        sha256=digest,
        started_by=by,
    )


def _refusals_keep(run: ImportRun, refused: Iterator[RefusedRow]) -> None:
    while batch := list(islice(refused, _BATCH_ROWS)):
        ImportRefusal.objects.bulk_create(
            ImportRefusal(
                run=run,
                line=row.line,
                code=row.code,
                message=row.message,
                # PostgreSQL stores no NUL in a text.
                text=row.text[:_TEXT_LIMIT_CHARS].replace("\0", "␀"),
            )
            for row in batch
        )


def _run_finish(run: ImportRun, landed: Landed) -> ImportOutcome:
    refused = run.refusals.count()
    outcome = ImportOutcome(
        rows=landed.accepted + landed.unchanged + refused,
        accepted=landed.accepted,
        unchanged=landed.unchanged,
        refused=refused,
        accepted_grams=landed.accepted_grams,
    )
    for name, value in asdict(outcome).items():
        setattr(run, name, value)
    run.finished_at = timezone.now()
    run.save()
    return outcome

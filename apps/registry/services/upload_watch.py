"""How the outside follows an import while it runs: a second connection beside the import's own.

The import is one transaction, so nothing it writes is seen before its end, and while it copies
rows its connection takes no other statement. Progress, refused lines of a preview and the sign of
life go through a connection of the watch's own, each statement committed at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

from apps.accounts.alone import alone
from apps.registry.imports.progress import Progress
from apps.registry.models import ImportRefusal

# Of the advisory locks that tell who works on which upload.
LOCK_CLASS: Final = 0x1A907
EVERY_S: Final = 0.5
_BATCH_ROWS: Final = 1_000

PROGRESS = """
UPDATE registry_importupload
SET rows_read = %s, bytes_read = size_bytes * %s / greatest(%s, 1)
WHERE id = %s AND attempt = %s AND state IN ('previewing', 'importing') RETURNING id
"""
FORGET = "DELETE FROM registry_uploadrefusal WHERE upload_id = %s"
KEEP = """
INSERT INTO registry_uploadrefusal (upload_id, line, code, message, text)
SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
"""
_REFUSAL_COLUMNS: Final = ("line", "code", "message", "text")


class UploadStopped(Exception):
    """Somebody cancelled, or another worker has taken over: nothing of this attempt counts."""


class UploadWatch:
    """Progress and refused lines of one upload, written where everybody sees them."""

    def __init__(self, connection: Any, upload: int) -> None:
        self.attempt = 0
        self._connection = connection
        self._upload = upload
        self._told_at_s = 0.0
        self._refusals: list[ImportRefusal] = []

    def progress(self, progress: Progress) -> None:
        """Tells how far the reading has come, twice a second. Raises UploadStopped."""
        is_last = progress.bytes_read >= progress.bytes_total
        if not is_last and monotonic() - self._told_at_s < EVERY_S:
            return
        self._told_at_s = monotonic()
        with self._connection.cursor() as cursor:
            cursor.execute(PROGRESS, (*progress, self._upload, self.attempt))
            if cursor.fetchone() is None:
                raise UploadStopped

    def refusals_forget(self) -> None:
        """Those of an attempt that did not come to its end."""
        with self._connection.cursor() as cursor:
            cursor.execute(FORGET, [self._upload])

    def refusal_keep(self, refusal: ImportRefusal) -> None:
        """Keeps a refused line, which the end of the preview takes back elsewhere."""
        self._refusals.append(refusal)
        if len(self._refusals) >= _BATCH_ROWS:
            self.refusals_flush()

    def refusals_flush(self) -> None:
        """Writes what waits to be kept."""
        if not self._refusals:
            return
        kept = [[getattr(row, name) for row in self._refusals] for name in _REFUSAL_COLUMNS]
        with self._connection.cursor() as cursor:
            cursor.execute(KEEP, [self._upload, *kept])
        self._refusals.clear()


@contextmanager
def watching(upload_id: int) -> Iterator[UploadWatch | None]:
    """The watch of an upload that nobody else works on; None where somebody does.

    The lock goes with the connection, so with the worker.
    """
    with alone(LOCK_CLASS, upload_id) as connection:
        yield UploadWatch(connection, upload_id) if connection is not None else None

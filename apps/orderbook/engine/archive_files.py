"""Files of archived events: one JSON object per line, compressed with gzip.

Each object has `number` (of the event in its product), `command` (the id of its command),
`sequence`, `at` (ISO 8601, with a space), `body` (canonical JSON, as a text) and `hash` (hex;
SHA-256 over the previous hash and the body). The same events always give the same bytes, so a file
can be told by its digest.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Archived(NamedTuple):
    """An event as it stands in a file."""

    number: int
    command_id: int
    sequence: int
    at: str
    body: str
    hash: bytes


class ArchiveBroken(Exception):
    """A file that is missing, or not what was archived. Says which."""


def file_write(path: Path, events: Iterable[Archived]) -> str:
    """Write events where nothing is yet, and wait for the disk. Returns the file's SHA-256.

    The file has its name only once it is whole.
    """
    part = path.with_name(path.name + ".part")
    with part.open("wb") as raw:
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:
            for event in events:
                packed.write(_line(event))
        raw.flush()
        os.fsync(raw.fileno())
    digest = digest_of(part)
    part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return digest


def file_read(path: Path, sha256: str) -> Iterator[Archived]:
    """The events of a file. Raises ArchiveBroken before the first unless it is the one named."""
    if not path.is_file():
        raise ArchiveBroken(f"{path.name} is not in {path.parent}")
    if digest_of(path) != sha256:
        raise ArchiveBroken(f"{path.name} is not what was archived")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield _event(json.loads(line))


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _line(event: Archived) -> bytes:
    told = {
        "number": event.number,
        "command": event.command_id,
        "sequence": event.sequence,
        "at": event.at,
        "body": event.body,
        "hash": event.hash.hex(),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _event(told: dict[str, Any]) -> Archived:
    return Archived(
        told["number"], told["command"], told["sequence"], told["at"], told["body"],
        bytes.fromhex(told["hash"]),
    )  # fmt: skip

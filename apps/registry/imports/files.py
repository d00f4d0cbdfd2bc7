"""What can be told of a file before it is read: that it is one, its size, kind and encoding."""

import codecs
import re
import stat
from pathlib import Path
from typing import Final

from django.conf import settings

from apps.registry.refusals import FileRefused

WORKBOOK: Final = b"PK\x03\x04"
_ARCHIVES: Final = (
    WORKBOOK,
    b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0",
    b"%PDF",
    b"BZh",
    b"\xfd7zXZ",
    b"Rar!",
)
_SNIFF_BYTES: Final = 65_536
_CHUNK_BYTES: Final = 1 << 20
# A mark of UTF-16 amidst other text, and what Windows' code page leaves undefined.
_NO_TEXT: Final = re.compile(rb"\xff\xfe|\xfe\xff|[\x81\x8d\x8f\x90\x9d]")
_SEQUENCE: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH: Final = re.compile(rb"[\x80-\xff]")


def size_of(path: Path) -> int:
    """Bytes of the regular file at `path`, which may be a link to one.

    Raises `FileRefused` for anything else (a folder, a pipe, a device, nothing) and for a file
    larger than the setting IMPORT_FILE_BYTES_MAX: by its size alone, whatever is in it.
    """
    try:
        found = path.stat()
    except (OSError, ValueError):
        raise FileRefused("file_missing", path=path) from None
    if not stat.S_ISREG(found.st_mode):
        raise FileRefused("file_special", path=path)
    check_size(found.st_size)
    return found.st_size


def check_size(size_bytes: int) -> None:
    """Raise `FileRefused` for more than the setting IMPORT_FILE_BYTES_MAX."""
    limit_bytes = settings.IMPORT_FILE_BYTES_MAX
    if size_bytes > limit_bytes:
        megabyte = 1_000_000
        raise FileRefused(
            "file_large", found=-(-size_bytes // megabyte), limit=limit_bytes // megabyte
        )


def is_workbook(path: Path) -> bool:
    """Whether the file begins as an XLSX does."""
    return _start(path).startswith(WORKBOOK)


def encoding_of(path: Path) -> str:
    """How the text in the file is written: UTF-8, UTF-16 with its mark, or Windows-1252.

    Some registries' sites and older spreadsheets write the last. Raises `FileRefused` for what
    is empty, no text, or text in more than one encoding.
    """
    start = _start(path)
    if not start.strip():
        raise FileRefused("file_empty")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start or start.startswith(_ARCHIVES):
        raise FileRefused("file_binary")
    bad_line = _first_line_not_utf8(path)
    if bad_line is None:
        return "utf-8-sig"
    if start.startswith(codecs.BOM_UTF8) or not _is_windows(path):
        raise FileRefused("file_encoding", line=bad_line)
    return "cp1252"


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_SNIFF_BYTES)
    except OSError:
        raise FileRefused("file_missing", path=path) from None


def _first_line_not_utf8(path: Path) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                # What was left of the chunk before is part of what the error speaks of.
                return line + error.object.count(b"\n", 0, error.start)
            if not chunk:
                return None
            line += chunk.count(b"\n")


def _is_windows(path: Path) -> bool:
    """Whether no character beyond ASCII is written as UTF-8 writes it, and all are defined."""
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            text = rest + chunk
            if _NO_TEXT.search(text) or _SEQUENCE.search(text):
                return False
            rest = text[-3:]
    # A lone byte at the very end is a character cut in two.
    return not _HIGH.search(rest[-1:])

"""The ways people and programs misspell hyphens, spaces and digits around a serial number."""

import re
import unicodedata

_DASHES = re.compile(r"[‐‑‒–—―−﹘﹣－]")
_AROUND_HYPHEN = re.compile(r"\s*-\s*")
_SPACES = re.compile(r"\s+")


def tidy(text: str) -> str:
    """`text` with plain hyphens, single spaces, ASCII digits and capitals.

    Undoes what spreadsheets, PDF and mail programs do to a serial: dashes in place of hyphens,
    spaces around them, line breaks, full-width characters, zero-width spaces, small letters.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _DASHES.sub("-", text))
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return _SPACES.sub(" ", _AROUND_HYPHEN.sub("-", text)).strip().upper()

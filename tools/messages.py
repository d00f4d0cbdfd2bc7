"""Translations: collect the marked texts, compile, and check that nothing is missing.

    python -m tools.messages collect | compile | check

Needs nothing but Python: Django takes templates apart, Babel does the rest.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PROJECT: Final = Path(__file__).resolve().parent.parent
LOCALE: Final = "zh_Hans"
PO: Final = PROJECT / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
MO: Final = PO.with_suffix(".mo")
KEYWORDS: Final[dict[str, Any]] = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}

Marked = tuple[str, str | tuple[str, ...]]


def marked_texts() -> Iterator[Marked]:
    """Where a text is marked, as a path from the project, and the text; plurals as a pair."""
    for folder in ("apps", "ccmarket"):
        for path in sorted((PROJECT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from _extract(path, path.read_bytes())
    for path in sorted((PROJECT / "templates").rglob("*.html")):
        # Templates become calls of gettext among letters; their indentation is not Python's.
        source = templatize(path.read_text(), origin=str(path))
        lines = (line.strip() for line in source.splitlines())
        yield from _extract(path, "\n".join(lines).encode())


def _extract(path: Path, source: bytes) -> Iterator[Marked]:
    name = path.relative_to(PROJECT).as_posix()
    found = extract_python(io.BytesIO(source), KEYWORDS, [], {"encoding": "utf-8"})
    for _line, function, texts, _comments in found:
        places = KEYWORDS[str(function)] or (1,)
        assert all(isinstance(place, int) for place in places), f"{name}: contexts are not used"
        given: list[Any] = list(texts) if isinstance(texts, tuple | list) else [texts]
        chosen = [given[place - 1] for place in places if isinstance(place, int)]
        if all(isinstance(text, str) and text for text in chosen):
            yield name, chosen[0] if len(chosen) == 1 else tuple(chosen)


def template_catalog() -> Catalog:
    """Every marked text, untranslated."""
    catalog = Catalog()
    for name, text in marked_texts():
        catalog.add(text, locations=[(name, 0)])
    return catalog


def catalog_read() -> Catalog:
    """The translations as they are kept."""
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE)


def collect() -> None:
    """Brings the catalogue up to the sources: new texts come in empty, gone ones go."""
    catalog = catalog_read()
    created = catalog.creation_date
    catalog.update(template_catalog(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    # Git knows who and when; Babel would otherwise write its own placeholders.
    catalog.creation_date = catalog.revision_date = created
    catalog.last_translator = catalog.msgid_bugs_address = "ccmarket"
    catalog.language_team = "Simplified Chinese"
    for message in catalog:
        message.locations = [(name, 0) for name in sorted({name for name, _ in message.locations})]
    catalog_write(catalog)


def catalog_write(catalog: Catalog) -> None:
    """Keeps the translations, sorted, so that a change shows as one."""
    with PO.open("wb") as file:
        write_po(file, catalog, width=96, sort_output=True, include_lineno=False)


def compiled() -> bytes:
    """What Django reads, made from what people read."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog_read())
    return buffer.getvalue()


def problems() -> Iterator[str]:
    """A line for each text that is missing, untranslated, or has lost a placeholder."""
    catalog = catalog_read()
    wanted = template_catalog()
    for message in wanted:
        if message.id and message.id not in catalog:
            yield f"not collected: {message.id!r} in {message.locations[0][0]}"
    for message in catalog:
        if not message.id:
            continue
        if message.id not in wanted:
            yield f"nobody says this any more: {message.id!r}"
        elif not _is_translated(message):
            yield f"not translated: {message.id!r}"
        else:
            yield from (f"{error}: {message.id!r}" for error in message.check(catalog))


def _is_translated(message: Message) -> bool:
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return not message.fuzzy and bool(texts) and all(texts)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["collect"]:
            collect()
        case ["compile"]:
            MO.write_bytes(compiled())
        case ["check"]:
            found = [*problems()]
            print("\n".join(found) or "Every text is translated.")
            return 1 if found else 0
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Reading pages in tests."""

from __future__ import annotations

import re
from typing import Any

from asgiref.sync import async_to_sync
from bs4 import BeautifulSoup, Tag

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>")
INLINE_HANDLER = re.compile(r"<[^>]+\son[a-z]+=")


def soup_of(answer: Any) -> BeautifulSoup:
    """The page of an answer, parsed."""
    return BeautifulSoup(answer.content, "html.parser")


def text_of(answer: Any, selector: str = "main") -> str:
    """What a person reads there, in single spaces."""
    found = soup_of(answer).select_one(selector)
    assert found is not None, f"the page has no {selector}"
    return " ".join(found.get_text(" ").split())


def figures_of(answer: Any) -> dict[str, str]:
    """The large numbers of a page by their names."""
    terms = soup_of(answer).select(".figures > div")
    return {_words(term.dt): _words(term.dd) for term in terms}


def hidden_of(answer: Any, name: str) -> str:
    """The value of a hidden input."""
    found = soup_of(answer).select_one(f'input[type=hidden][name="{name}"]')
    assert found is not None, f"the page has no hidden {name}"
    return str(found["value"])


def breaks_of_policy(answer: Any) -> list[str]:
    """Scripts and handlers in the page that the Content Security Policy would not run."""
    text = answer.content.decode()
    return [*INLINE_SCRIPT.findall(text), *INLINE_HANDLER.findall(text)]


@async_to_sync
async def downloaded(answer: Any) -> str:
    """The text of a streamed CSV file, as a spreadsheet reads it."""
    parts = [part async for part in answer.streaming_content]
    return b"".join(parts).decode("utf-8-sig")


def _words(tag: Tag | None) -> str:
    return " ".join(tag.get_text(" ").split()) if tag else ""

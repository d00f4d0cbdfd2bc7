"""Everything that people read is there in Simplified Chinese."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext, ngettext

from tools.messages import MO, compiled, marked_texts, problems


def test_every_marked_text_is_translated_with_its_placeholders() -> None:
    assert list(problems()) == []


def test_the_compiled_catalogue_follows_from_the_readable_one() -> None:
    assert MO.read_bytes() == compiled(), "run `make compilemessages`"


def test_texts_are_collected_from_code_and_from_templates() -> None:
    texts = {text: name for name, text in marked_texts()}
    assert texts["Carbon credits, down to the gram."] == "templates/home.html"
    assert texts["The smallest amount is one gram: use fewer decimals."].endswith("units.py")
    assert ("%(tonnes)s tonne", "%(tonnes)s tonnes") in texts


@pytest.mark.parametrize(("tonnes", "said"), [(1, "1 吨"), (3, "3 吨")])
def test_django_finds_the_translations(tonnes: int, said: str) -> None:
    with translation.override("zh-hans"):
        assert gettext("Markets") == "市场"
        plural = ngettext("%(tonnes)s tonne", "%(tonnes)s tonnes", tonnes)
        assert plural % {"tonnes": tonnes} == said

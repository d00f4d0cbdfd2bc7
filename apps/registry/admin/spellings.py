"""The form of a spelling: what the database compares as one text is there once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import connection
from django.utils.translation import gettext as _


class SpellingForm(forms.ModelForm):  # type: ignore[type-arg]
    """Of types, methodologies and labels: `text`, of a `registry` where the model has one.

    The database keeps the rule; it has no field of the form to say it at.
    """

    def clean(self) -> dict[str, Any]:
        """Whether the text says anything, and nobody has written it already."""
        cleaned = super().clean() or {}
        if not (text := cleaned.get("text")):
            return cleaned
        if not (folded := _folded(text)):
            self.add_error("text", _("Write at least one letter or digit."))
            return cleaned
        same = self._meta.model._default_manager.filter(folded=folded).exclude(pk=self.instance.pk)
        if "registry" in cleaned:
            same = same.filter(registry=cleaned["registry"])
        if found := same.first():
            self.add_error(
                "text",
                _("“%(text)s” is there already, and compared as the same. Change that one.")
                % {"text": found},
            )
        return cleaned


def _folded(text: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT registry_fold(%s)", [text])
        return str(cursor.fetchone()[0])

"""Where documents lie that staff attach as evidence: under MEDIA_ROOT, which no web server shows.

Views hand them out to whoever may read them.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.text import slugify

from apps.accounts.documents import MEDIA_TYPES, document_check, document_ending

__all__ = ["MEDIA_TYPES", "document_check", "document_path"]


def document_path(instance: Any, file_name: str) -> str:
    """Where it lies: a name that nobody can guess, and the ending that its bytes deserve."""
    kind = slugify(instance._meta.model_name)
    ending = document_ending(instance.document) or "bin"
    return f"documents/{kind}/{uuid.uuid4()}.{ending}"

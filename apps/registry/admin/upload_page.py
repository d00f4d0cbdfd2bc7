"""What the page of an uploaded file shows."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from apps.registry.models import ImportChange, ImportUpload
from apps.registry.models.blocks import GRAMS_PER_TONNE
from apps.registry.registries import REGISTRIES, slug_of
from apps.registry.services.upload_work import uploads_worked_on

REFUSED_PER_PAGE: Final = 50


def page_of(upload: ImportUpload, *, after_line: str = "") -> dict[str, Any]:
    """The upload with its figures, its progress, and a page of its refused lines."""
    return {
        "upload": upload,
        "original": upload,
        "registry": _registry_name(upload),
        "percent": _percent(upload),
        "elapsed_s": _elapsed_s(upload),
        "is_worked_on": upload.is_with_worker and upload.pk in uploads_worked_on(),
        "tonnes": _tonnes(upload.run.accepted_grams if upload.run else upload.accepted_grams),
        "figures": upload.run or upload,
        "changes": [
            change | {"subject": ImportChange.Subject(change["subject"]).label}
            for change in upload.changes
        ],
        "earlier": _earlier(upload),
        **_refused(upload, after_line),
    }


def _registry_name(upload: ImportUpload) -> str:
    code = upload.registry_code
    return REGISTRIES[slug_of(code)].name if code else ""


def _percent(upload: ImportUpload) -> int:
    """How much of the file is read."""
    return 100 * upload.bytes_read // upload.size_bytes if upload.size_bytes else 0


def _elapsed_s(upload: ImportUpload) -> int | None:
    if upload.work_started_at is None:
        return None
    end = upload.work_ended_at or timezone.now()
    return int((end - upload.work_started_at).total_seconds())


def _tonnes(grams: int) -> str:
    whole, rest = divmod(grams, GRAMS_PER_TONNE)
    return f"{whole:,}.{rest:06}".rstrip("0").rstrip(".") if rest else f"{whole:,}"


def _earlier(upload: ImportUpload) -> ImportUpload | None:
    """The last time that this very file was imported."""
    return (
        ImportUpload.objects.filter(sha256=upload.sha256, state=ImportUpload.State.IMPORTED)
        .exclude(pk=upload.pk)
        .select_related("run", "uploaded_by")
        .order_by("-pk")
        .first()
    )


def _refused(upload: ImportUpload, after_line: str) -> dict[str, Any]:
    """A page of the refused lines from a line on: by line, so that the last is as near as any."""
    after = int(after_line) if after_line.isdecimal() and len(after_line) < 18 else 0
    lines = upload.refusals.filter(line__gt=after).order_by("line")[: REFUSED_PER_PAGE + 1]
    shown = list(lines)
    has_more = len(shown) > REFUSED_PER_PAGE
    shown = shown[:REFUSED_PER_PAGE]
    return {
        "refusals": shown,
        "refusals_next": shown[-1].line if has_more else None,
        "is_first_page": not after,
    }

"""A registry's file on its way in: uploaded by staff, read once to show, then imported."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.registry.models.imports import ImportRun


def _person(verbose_name: Any) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=verbose_name,
    )


class ImportUpload(models.Model):
    """One file and how far it has come. What a worker does to it follows from its state.

    `attempt` counts how often a worker took it up: only the last one may finish. The counts are
    those of the preview; `run` has those of the import.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Waiting to be read")
        PREVIEWING = "previewing", _("Being read")
        PREVIEWED = "previewed", _("Waiting for confirmation")
        CONFIRMED = "confirmed", _("Waiting to be imported")
        IMPORTING = "importing", _("Being imported")
        IMPORTED = "imported", _("Imported")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    # What a worker has to do, and what is left open.
    WAITING_STATES = (State.UPLOADED, State.CONFIRMED)
    WORKED_STATES = (State.PREVIEWING, State.IMPORTING)
    OPEN_STATES = (*WAITING_STATES, *WORKED_STATES, State.PREVIEWED)

    file = models.FileField(_("file"), max_length=400)
    file_name = models.CharField(_("file"), max_length=255)
    size_bytes = models.BigIntegerField(_("size, bytes"))
    sha256 = models.CharField(max_length=64)
    registry_asked = models.CharField(_("registry asked for"), max_length=20, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.UPLOADED, db_default=State.UPLOADED
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    uploaded_by = _person(_("uploaded by"))
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    confirmed_by = _person(_("confirmed by"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    cancelled_by = _person(_("cancelled by"))
    work_started_at = models.DateTimeField(_("work started"), null=True)
    work_ended_at = models.DateTimeField(_("work ended"), null=True)
    rows_read = models.BigIntegerField(_("rows read"), default=0)
    bytes_read = models.BigIntegerField(_("bytes read"), default=0)
    # By its code: the first file of a registry comes before our row of it.
    registry_code = models.CharField(_("registry"), max_length=12, blank=True)
    kind = models.CharField(_("kind of file"), max_length=40, blank=True)
    rows = models.BigIntegerField(_("rows"), default=0)
    accepted = models.BigIntegerField(_("accepted"), default=0)
    unchanged = models.BigIntegerField(_("unchanged"), default=0)
    refused = models.BigIntegerField(_("refused"), default=0)
    accepted_grams = models.BigIntegerField(_("grams accepted"), default=0)
    changes = models.JSONField(_("what it would change"), default=list)
    failure_code = models.CharField(_("failure code"), max_length=40, blank=True)
    failure = models.TextField(_("failure"), blank=True)
    run = models.OneToOneField(
        ImportRun, models.PROTECT, null=True, related_name="upload", verbose_name=_("import")
    )

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        indexes = [models.Index(fields=["sha256"], name="registry_upload_sha256")]
        constraints = [
            models.UniqueConstraint(
                fields=["sha256"],
                condition=Q(
                    state__in=["uploaded", "previewing", "previewed", "confirmed", "importing"]
                ),
                name="registry_upload_open_once",
            ),
            models.CheckConstraint(
                name="registry_upload_imported_has_run",
                condition=Q(state="imported", run__isnull=False)
                | (~Q(state="imported") & Q(run__isnull=True)),
            ),
            models.CheckConstraint(
                name="registry_upload_confirmed_by",
                condition=Q(confirmed_by__isnull=False)
                | ~Q(state__in=["confirmed", "importing", "imported"]),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES

    @property
    def is_with_worker(self) -> bool:
        """Whether a worker has, or is to have, something to do with it."""
        return self.state in (*self.WAITING_STATES, *self.WORKED_STATES)


class UploadRefusal(models.Model):
    """A line that the preview refused, and why."""

    upload = models.ForeignKey(
        ImportUpload, models.CASCADE, related_name="refusals", db_index=False
    )
    line = models.BigIntegerField(_("line"))
    code = models.CharField(_("code"), max_length=40)
    message = models.TextField(_("reason"))
    text = models.TextField(_("the line"), blank=True)

    class Meta:
        verbose_name = _("refused line of a preview")
        verbose_name_plural = _("refused lines of a preview")
        indexes = [models.Index(fields=["upload", "line"], name="registry_uploadrefusal_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"

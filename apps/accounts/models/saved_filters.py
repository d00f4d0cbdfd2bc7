"""Lists of the admin as staff want to see them again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

NAME_CHARS_MAX = 80
QUERY_CHARS_MAX = 2_000


class SavedFilter(models.Model):
    """Filters, search and order of one list under a name, for who saved it or for all staff."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="saved_filters",
        db_index=False,
        verbose_name=_("saved by"),
    )
    model = models.CharField(_("list"), max_length=100, help_text="registry.serialblock")
    name = models.CharField(_("name"), max_length=NAME_CHARS_MAX)
    query = models.CharField(_("query"), max_length=QUERY_CHARS_MAX)
    is_shared = models.BooleanField(_("for all staff"), default=False)
    created_at = models.DateTimeField(_("saved"), auto_now_add=True)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        indexes = [
            models.Index(
                fields=["model"], condition=Q(is_shared=True), name="accounts_savedfilter_shared"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "model", "name"], name="accounts_savedfilter_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

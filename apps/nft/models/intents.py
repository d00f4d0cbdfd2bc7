"""What every intent of the bridge has in common, whatever it wants of a contract."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class ChainIntent(models.Model):
    """One call of one contract that has to happen once.

    On chain it is known by `public_id`, which the contracts take once.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SIGNED = "signed", _("Signed")
        BROADCAST = "broadcast", _("Broadcast")
        MINED = "mined", _("Mined")
        FINAL = "final", _("Final")
        FAILED = "failed", _("Failed; everything released")

    OPEN_STATES: ClassVar = (State.QUEUED, State.SIGNED, State.BROADCAST, State.MINED)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def chain_key(self) -> bytes:
        """The intent id of the contracts: 32 bytes, the UUID in the lower half."""
        return bytes(16) + self.public_id.bytes

"""Stopping the bridge: one person, or the bridge itself, is enough. Starting it again takes two."""

from __future__ import annotations

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotPermitted
from apps.accounts.models import User
from apps.accounts.services.four_eyes import may_propose, proposal_create, proposal_decide
from apps.nft.models import BridgeHalt, BridgeResume, ChainEvent
from apps.nft.services.tokens import BURNS, tokens_settle

log = structlog.get_logger(__name__)


def bridge_is_halted() -> bool:
    """Whether the bridge must send nothing and move nothing now."""
    return BridgeHalt.objects.filter(ended_at__isnull=True).exists()


def halt_create(
    *, reason: str, by: User | None = None, event: ChainEvent | None = None
) -> BridgeHalt:
    """Halts the bridge; `by` is empty where the bridge itself does it.

    `event` is the final event that could not be applied, where that is the reason. An open halt
    for the same reason is not repeated. Raises NotPermitted.
    """
    if by is not None and not may_propose(user=by, model=BridgeResume):
        raise NotPermitted(_("Only staff of the bridge can halt it."))
    existing = BridgeHalt.objects.filter(ended_at__isnull=True, reason=reason).first()
    if existing is not None:
        return existing
    log.critical("bridge_halted", reason=reason, by=by.pk if by else "bridge")
    return BridgeHalt.objects.create(reason=reason, created_by=by, event=event)


def resume_propose(*, proposal: BridgeResume, by: User) -> BridgeResume:
    """Proposes to end a halt. Raises NotPermitted, Conflict `halt_ended`."""
    if BridgeHalt.objects.filter(pk=proposal.halt_id, ended_at__isnull=False).exists():
        raise Conflict(_("This halt has ended already."), code="halt_ended")
    return proposal_create(proposal=proposal, by=by)


def resume_decide(*, proposal: BridgeResume, decision: str, by: User, note: str) -> BridgeResume:
    """A second person's decision; approved, the halt ends with it.

    The event that halted the bridge is tried again, unless the proposal says it was settled by
    hand: then it counts as applied.

    Raises FourEyesRequired, NotPermitted, Conflict `already_decided`.
    """
    return proposal_decide(proposal=proposal, decision=decision, by=by, note=note, apply=_halt_end)


def _halt_end(proposal: BridgeResume) -> None:
    now = timezone.now()
    halt = BridgeHalt.objects.select_for_update(of=("self",)).get(pk=proposal.halt_id)
    BridgeHalt.objects.filter(pk=halt.pk, ended_at__isnull=True).update(ended_at=now)
    if proposal.is_event_settled and halt.event is not None:
        ChainEvent.objects.filter(pk=halt.event.pk, applied_at__isnull=True).update(applied_at=now)
        if halt.event.name in BURNS:
            tokens_settle(event=halt.event)
    transaction.on_commit(lambda: log.warning("bridge_resumed", halt=halt.pk))

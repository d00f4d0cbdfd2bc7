"""Two people for every step that moves value: one proposes, another decides.

What moves is told by the caller: `proposal_decide` runs its `apply` in the same transaction as the
decision, so that a proposal is approved exactly when its effect is in the database. The proposal's
row is locked first; whoever comes second finds it decided and applies nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, FourEyesRequired, NotPermitted, ServiceError
from apps.accounts.models import FourEyesModel, User

Proposal = TypeVar("Proposal", bound=FourEyesModel)


def may_propose(*, user: User, model: type[FourEyesModel]) -> bool:
    """Staff with the model's `add` permission."""
    return _may(user, "add", model)


def may_decide(*, user: User, model: type[FourEyesModel]) -> bool:
    """Staff with the model's `change` permission."""
    return _may(user, "change", model)


def _may(user: User, action: str, model: type[FourEyesModel]) -> bool:
    codename = get_permission_codename(action, model._meta)
    return user.is_staff and user.has_perm(f"{model._meta.app_label}.{codename}")


def proposal_create(*, proposal: Proposal, by: User) -> Proposal:
    """Saves a new proposal in the name of `by`, undecided whatever the caller filled in.

    Raises NotPermitted, or ServiceError `invalid_proposal` with the first thing wrong in it.
    """
    if not may_propose(user=by, model=type(proposal)):
        raise NotPermitted(_("You may not propose this. Ask staff with that permission."))
    proposal.proposed_by = by
    proposal.decided_by = proposal.decided_at = None
    proposal.decision, proposal.decision_note = FourEyesModel.Decision.PENDING, ""
    try:
        proposal.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ServiceError(messages[0], code="invalid_proposal", field=field) from error
    proposal.save(force_insert=True)
    return proposal


def proposal_decide(
    *,
    proposal: Proposal,
    decision: str,
    by: User,
    note: str = "",
    apply: Callable[[Proposal], None] | None = None,
) -> Proposal:
    """Approves or rejects a pending proposal and returns it as it is in the database.

    `decision` is one of FourEyesModel.Decision, not `pending`. `apply(proposal)` is called on
    approval only, once for ever, inside the deciding transaction and with the row locked: what it
    raises undoes the decision. Repeating one's own decision changes nothing.

    Raises NotPermitted, FourEyesRequired (the proposer decides), Conflict `already_decided`.
    """
    assert decision in (FourEyesModel.Decision.APPROVED, FourEyesModel.Decision.REJECTED), decision
    model = type(proposal)
    if not may_decide(user=by, model=model):
        raise NotPermitted(_("You may not decide this. Ask staff with that permission."))
    with transaction.atomic():
        locked = model._default_manager.select_for_update(of=("self",)).get(pk=proposal.pk)
        if locked.proposed_by_id == by.pk:
            raise FourEyesRequired(
                _("You proposed this yourself. Ask another member of staff to decide it.")
            )
        if locked.decision != FourEyesModel.Decision.PENDING:
            return _decided_already(locked, decision, by)
        locked.decision = decision
        locked.decided_by, locked.decided_at = by, timezone.now()
        locked.decision_note = note
        locked.save(update_fields=["decision", "decided_by", "decided_at", "decision_note"])
        if apply is not None and decision == FourEyesModel.Decision.APPROVED:
            apply(locked)
    return locked


def _decided_already(proposal: Proposal, decision: str, by: User) -> Proposal:
    if proposal.decided_by_id == by.pk and proposal.decision == decision:
        return proposal
    raise Conflict(
        _("This was already decided by %(name)s. Reload the page to see how.")
        % {"name": proposal.decided_by},
        code="already_decided",
    )

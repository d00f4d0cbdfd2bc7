"""Evidence, to whoever may read it: staff, and the owner of the withdrawal it is about."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.acting import acting
from apps.accounts.models import FourEyesModel, User
from apps.registry.documents import MEDIA_TYPES
from apps.registry.models import RegistryConfirmation, WithdrawalOutcome


@require_safe
@login_required
@never_cache
def withdrawal_document(request: HttpRequest, pk: int) -> FileResponse:
    """The registry's confirmation of a transfer; for its owner once two people have seen it."""
    found = WithdrawalOutcome.objects.select_related("withdrawal").filter(pk=pk).first()
    if found is None or not (
        _is_staff(request, "withdrawaloutcome")
        or (
            found.decision == FourEyesModel.Decision.APPROVED
            and found.withdrawal.owner_id == acting(request).owner.pk
        )
    ):
        raise Http404(pk)
    return _sent(found.document, name=found.withdrawal.number)


@require_safe
@login_required
@never_cache
def confirmation_document(request: HttpRequest, pk: int) -> FileResponse:
    """The registry's confirmation of retirements, for staff: it may name many beneficiaries."""
    found = RegistryConfirmation.objects.filter(pk=pk).first()
    if found is None or not _is_staff(request, "registryconfirmation"):
        raise Http404(pk)
    return _sent(found.document, name=str(found.document.name).rpartition("/")[2])


def _is_staff(request: HttpRequest, model_name: str) -> bool:
    """Staff who may see, propose or decide these."""
    user = cast(User, request.user)
    actions = ("view", "add", "change")
    return user.is_staff and any(user.has_perm(f"registry.{it}_{model_name}") for it in actions)


def _sent(document: FieldFile, *, name: str) -> FileResponse:
    """As a download: a browser never shows within our pages what somebody uploaded."""
    if not document or not document.storage.exists(document.name or ""):
        raise Http404(name)
    ending = str(document.name).rpartition(".")[2]
    return FileResponse(
        document.open("rb"),
        as_attachment=True,
        filename=name if name.endswith(f".{ending}") else f"{name}.{ending}",
        content_type=MEDIA_TYPES.get(ending, "application/octet-stream"),
    )

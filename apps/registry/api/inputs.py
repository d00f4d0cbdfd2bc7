"""What several requests of this API have in common."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework.request import Request

from apps.accounts.api.idempotency import HEADER, key_of
from apps.accounts.errors import NotFound, ServiceError
from apps.registry.models import CreditClass


def credit_class_of(code: str) -> CreditClass:
    """The class of that code. Raises NotFound."""
    found = CreditClass.objects.select_related("asset", "project").filter(code=code).first()
    if found is None:
        raise NotFound(
            _("There is no credit %(code)s. GET /api/v1/credits lists them.") % {"code": code},
            field="credit",
        )
    return found


def idempotency_key(request: Request) -> str:
    """The request's own name. Raises ServiceError `idempotency_key_missing`."""
    key = key_of(request)
    if key is None:
        raise ServiceError(
            _("Send an Idempotency-Key header: your own name for this request."),
            code="idempotency_key_missing",
            field=HEADER,
        )
    return key

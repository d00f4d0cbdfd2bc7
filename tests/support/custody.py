"""The two people of custody, and documents for them."""

from datetime import date
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.models import User
from apps.registry.models import RegistryConfirmation, RegistryRetirement
from apps.registry.services.registry_retirements import confirmation_decide, confirmation_submit
from tests.support.factories import staff_make

PDF = b"%PDF-1.7 confirmed by the registry"


def document(name: str = "confirmation.pdf") -> SimpleUploadedFile:
    """Small, and what it says it is."""
    return SimpleUploadedFile(name, PDF)


def two_people() -> tuple[User, User]:
    """One who proposes what registries confirmed, and one who decides."""
    return staff_make(("add", RegistryConfirmation)), staff_make(("change", RegistryConfirmation))


def confirm_propose(*items: RegistryRetirement, by: User, **fields: Any) -> RegistryConfirmation:
    """The registry retired them, as one member of staff found."""
    values: dict[str, Any] = {
        "registry_reference": "VR-77",
        "retired_on": date(2026, 6, 1),
        "document": document(),
    }
    proposal = RegistryConfirmation(**values | fields)
    return confirmation_submit(proposal=proposal, items=items, by=by)


def confirm(*items: RegistryRetirement, **fields: Any) -> RegistryConfirmation:
    """And another agreed."""
    one, other = two_people()
    proposal = confirm_propose(*items, by=one, **fields)
    return confirmation_decide(proposal=proposal, decision="approved", by=other)

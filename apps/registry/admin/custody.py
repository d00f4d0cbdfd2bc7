"""Blocks that arrive in our registry account: one member of staff records, another lets them in."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from apps.accounts.admin.four_eyes import FourEyesAdmin
from apps.registry.models import CustodyReceipt
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_submit


@admin.register(CustodyReceipt)
class CustodyReceiptAdmin(FourEyesAdmin):
    """Approving immobilises the block and credits its grams to the owner at once."""

    proposal_fields = ("block", "owner", "registry_reference")
    propose = staticmethod(custody_receipt_submit)
    decide = staticmethod(custody_receipt_decide)

    list_display = ("registry_reference", "block", "owner", "decision", "proposed_by", "decided_by")
    list_select_related: ClassVar[tuple[str, ...]] = (
        *("block", "owner__user", "owner__organisation", "proposed_by", "decided_by"),
    )
    search_fields = ("registry_reference", "owner__user__email", "owner__organisation__name")
    autocomplete_fields = ("block", "owner")

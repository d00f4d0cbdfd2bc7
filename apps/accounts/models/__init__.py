"""Who you are and what you hold."""

from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.models.access import ApiKey, UsedSignature, Wallet, WalletHolding
from apps.accounts.models.account_moves import AccountMove
from apps.accounts.models.base import FourEyesModel
from apps.accounts.models.gifts import Gift
from apps.accounts.models.history import HistoryEntry
from apps.accounts.models.idempotency import IdempotentAnswer
from apps.accounts.models.identity import Membership, MembershipAccount, Organisation, User
from apps.accounts.models.invitations import Invitation
from apps.accounts.models.invoices import Invoice, InvoicedMonth, InvoiceLine
from apps.accounts.models.money import BankTransfer
from apps.accounts.models.oauth import AppConsent
from apps.accounts.models.saved_filters import SavedFilter
from apps.accounts.models.spending import SpendingLimit, SpendingRule
from apps.accounts.models.verification import (
    BeneficialOwner,
    Verification,
    VerificationOutcome,
)
from apps.accounts.models.verification_documents import DocumentLook, VerificationDocument
from apps.accounts.models.webhooks import (
    WebhookAttempt,
    WebhookCursor,
    WebhookEndpoint,
    WebhookEvent,
    WebhookMessage,
)

__all__ = [
    "AccountMove",
    "ApiKey",
    "AppConsent",
    "Asset",
    "Balance",
    "BankTransfer",
    "BeneficialOwner",
    "DocumentLook",
    "FourEyesModel",
    "Gift",
    "HistoryEntry",
    "IdempotentAnswer",
    "Invitation",
    "Invoice",
    "InvoiceLine",
    "InvoicedMonth",
    "Membership",
    "MembershipAccount",
    "Organisation",
    "Owner",
    "SavedFilter",
    "SpendingLimit",
    "SpendingRule",
    "Transfer",
    "UsedSignature",
    "User",
    "Verification",
    "VerificationDocument",
    "VerificationOutcome",
    "Wallet",
    "WalletHolding",
    "WebhookAttempt",
    "WebhookCursor",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookMessage",
]

"""What is particular to ccmarket: API, chain, engine."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from ccmarket import env

CHAIN_RPC_URL = env.text("CHAIN_RPC_URL", "http://localhost:8545")
# Other nodes of the same chain: what moves value is believed when most of all nodes say it.
CHAIN_RPC_WITNESSES = env.listing("CHAIN_RPC_WITNESSES")
# Which chain people sign for when they link a wallet.
CHAIN_ID = env.number("CHAIN_ID", 31337)
# Where the bridge's signing keys come from: "env" reads CHAIN_KEY_<ROLE>, "keystore" reads
# encrypted keystore files from CHAIN_KEYSTORE_DIR, "dev" uses the well-known keys of a local
# development chain and refuses any other, "web3signer" asks the one at CHAIN_SIGNER_URL.
CHAIN_KEYS = env.text("CHAIN_KEYS", "dev")
CHAIN_SIGNER_URL = env.text("CHAIN_SIGNER_URL", "")
CHAIN_KEYSTORE_DIR = env.text("CHAIN_KEYSTORE_DIR", "")
CHAIN_KEYSTORE_PASSWORD = env.text("CHAIN_KEYSTORE_PASSWORD", "")
# Given to the contracts when they are deployed.
CHAIN_DAILY_CAP_TONNES = env.number("CHAIN_DAILY_CAP_TONNES", 1_000_000)
CHAIN_DAILY_CAP_USDC = env.number("CHAIN_DAILY_CAP_USDC", 1_000_000)
# The USDC contract of the chain; a development chain gets one of its own.
CHAIN_USDC_ADDRESS = env.text("CHAIN_USDC_ADDRESS", "")
CHAIN_ADMIN_DELAY_S = env.number("CHAIN_ADMIN_DELAY_S", 172_800)
# A transaction that is in no block after this long is replaced by one that pays more, up to the
# maximum.
CHAIN_REPLACE_AFTER_S = env.number("CHAIN_REPLACE_AFTER_S", 120)
CHAIN_FEE_MAX_GWEI = env.number("CHAIN_FEE_MAX_GWEI", 300)

# How fast coins may leave, in whole units within 24 hours: of each coin for one owner, and for all.
COIN_WITHDRAWAL_OWNER_DAILY = env.number("COIN_WITHDRAWAL_OWNER_DAILY", 100_000)
COIN_WITHDRAWAL_DAILY = env.number("COIN_WITHDRAWAL_DAILY", 500_000)
COIN_WITHDRAWALS_HOURLY_MAX = env.number("COIN_WITHDRAWALS_HOURLY_MAX", 10)
# How long after it was linked a wallet receives no coins.
WALLET_COOLING_OFF_S = env.number("WALLET_COOLING_OFF_S", 86_400)

# For how long a gift waits to be claimed before it is the giver's again.
GIFT_DAYS = env.number("GIFT_DAYS", 30)
# For how long an invitation into an organisation can be accepted.
INVITATION_DAYS = env.number("INVITATION_DAYS", 14)
# Whether organisations have to be verified before value leaves them or bulk orders are carried out.
ORGANISATION_VERIFICATION = env.flag("ORGANISATION_VERIFICATION", default=True)
# For how many days an approval lasts at most.
ORGANISATION_VERIFICATION_DAYS = env.number("ORGANISATION_VERIFICATION_DAYS", 365)
# What choosing the class costs whoever gives CC back to the pool, in 1/10,000 of the amount.
POOL_CHOICE_FEE_BPS = env.number("POOL_CHOICE_FEE_BPS", 50)

BRIDGE_SWEEP_EVERY_S = env.number("BRIDGE_SWEEP_EVERY_S", 3)
WEBHOOK_SWEEP_EVERY_S = 2
VOLUMES_COUNT_EVERY_S = 60
IMPORT_SWEEP_EVERY_S = env.number("IMPORT_SWEEP_EVERY_S", 5)
# A sweep nobody took for a while is not worth taking: the next one finds the same rows.
CELERY_BEAT_SCHEDULE = {
    "uploads-sweep": {
        "task": "registry.uploads_sweep",
        "schedule": IMPORT_SWEEP_EVERY_S,
        "options": {"expires": IMPORT_SWEEP_EVERY_S},
    },
    "bulk-sweep": {
        "task": "orderbook.bulk_sweep",
        "schedule": IMPORT_SWEEP_EVERY_S,
        "options": {"expires": IMPORT_SWEEP_EVERY_S},
    },
    "bulk-files-forget": {"task": "orderbook.bulk_files_forget", "schedule": 24 * 3600},
    "custody-compare": {"task": "registry.custody_compare", "schedule": 3600},
    "bridge-sweep": {
        "task": "apps.nft.tasks.bridge_sweep",
        "schedule": BRIDGE_SWEEP_EVERY_S,
        "options": {"expires": BRIDGE_SWEEP_EVERY_S},
    },
    "ledger-reconcile": {
        "task": "nft.ledger_reconcile",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "ledger-add-up": {
        "task": "nft.ledger_reconcile",
        "schedule": 3600,
        "kwargs": {"thorough": True},
    },
    "holdings-read": {"task": "nft.holdings_read", "schedule": 60, "options": {"expires": 60}},
    "anchor-days": {"task": "nft.days_anchor", "schedule": 600, "options": {"expires": 600}},
    "webhooks-sweep": {
        "task": "accounts.webhooks_deliver",
        "schedule": WEBHOOK_SWEEP_EVERY_S,
        "options": {"expires": WEBHOOK_SWEEP_EVERY_S},
    },
    "orders-tell": {
        "task": "orderbook.orders_tell",
        "schedule": WEBHOOK_SWEEP_EVERY_S,
        "options": {"expires": WEBHOOK_SWEEP_EVERY_S},
    },
    "volumes-count": {
        "task": "orderbook.volumes_count",
        "schedule": VOLUMES_COUNT_EVERY_S,
        "options": {"expires": VOLUMES_COUNT_EVERY_S},
    },
    "journal-months": {"task": "orderbook.journal_months_create", "schedule": 24 * 3600},
    "gifts-sweep": {"task": "accounts.gifts_sweep", "schedule": 30, "options": {"expires": 30}},
    "invitations-mail": {
        "task": "accounts.invitations_mail",
        "schedule": 30,
        "options": {"expires": 30},
    },
    "invoices-issue": {
        "task": "accounts.invoices_issue",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
    "verification-mails": {
        "task": "accounts.verification_mails",
        "schedule": 30,
        "options": {"expires": 30},
    },
    "api-sweep": {"task": "apps.accounts.tasks.api_sweep", "schedule": 3600},
}

# The largest request, apart from those that bring a registry's file.
BODY_BYTES_MAX = env.number("BODY_BYTES_MAX", 20_000_000)
# The largest file of a registry that is read.
IMPORT_FILE_BYTES_MAX = env.number("IMPORT_FILE_BYTES_MAX", 500_000_000)

# How long a request waits for the engine's verdict before it answers "accepted".
VERDICT_WAIT_S_DEFAULT = env.number("VERDICT_WAIT_S", 2)
# A market whose oldest command has waited for longer takes no orders until its engine catches up.
JOURNAL_BEHIND_S_MAX = env.number("JOURNAL_BEHIND_S_MAX", 10)
# How far a signed request's timestamp may be from ours.
API_TIMESTAMP_WINDOW_S = 30
# How long the answer to a request with an Idempotency-Key can be asked for again.
IDEMPOTENCY_KEEP_S = 7 * 86_400
# Networks that webhooks may lead to although they are not public, and without TLS: for development.
WEBHOOK_ALLOWED_NETWORKS = env.listing("WEBHOOK_ALLOWED_NETWORKS")
# Token buckets of the API: how fast they fill, and how much they hold. A key has one, and so has
# each address from which somebody comes without a key, or with a wrong one.
API_LIMIT_KEY_PER_S = env.number("API_LIMIT_KEY_PER_S", 200)
API_LIMIT_KEY_BURST = env.number("API_LIMIT_KEY_BURST", 400)
API_LIMIT_ADDRESS_PER_S = env.number("API_LIMIT_ADDRESS_PER_S", 100)
API_LIMIT_ADDRESS_BURST = env.number("API_LIMIT_ADDRESS_BURST", 200)

# Where customers send money; without an IBAN the deposit page says that it is not set up.
BANK_ACCOUNT_NAME = env.text("BANK_ACCOUNT_NAME", "")
BANK_IBAN = env.text("BANK_IBAN", "")
BANK_BIC = env.text("BANK_BIC", "")

# Who sells, on invoices for fees. Fees are taken with tax; its rate by the buyer's country, like
# DE=1900,FR=2000 in 1/10,000. For other countries it is 0, for the reason given.
INVOICE_SELLER_NAME = env.text("INVOICE_SELLER_NAME", "ccmarket")
INVOICE_SELLER_ADDRESS = env.text("INVOICE_SELLER_ADDRESS", "")
INVOICE_SELLER_TAX_ID = env.text("INVOICE_SELLER_TAX_ID", "")
INVOICE_TAX_RATES = env.rates("INVOICE_TAX_RATES")
INVOICE_NO_TAX_REASON = env.text(
    "INVOICE_NO_TAX_REASON", "No tax is charged: no rate is set for the buyer's country."
)

# The largest document that staff may attach as evidence, or an organisation proves itself by.
DOCUMENT_SIZE_MAX_MB = env.number("DOCUMENT_SIZE_MAX_MB", 10)
# How long after a retirement its beneficiary may be corrected.
BENEFICIARY_CORRECTION_DAYS = env.number("BENEFICIARY_CORRECTION_DAYS", 14)
# How long work at a registry may wait before staff are told: a tonne that is not full, credits to
# be retired, a withdrawal, an account statement.
REGISTRY_WAIT_DAYS_MAX = env.number("REGISTRY_WAIT_DAYS_MAX", 30)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.HmacKeyAuthentication",
        "apps.accounts.api.bearer.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.accounts.limits.throttle.RateLimit"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.accounts.api.parsers.ExactJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.accounts.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
# Programs of others that act for people: codes with PKCE only, everything as RFC 9700 wants it.
OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.WebApplicationServer",
    "SCOPES": {
        "view": _("See balances, orders and history"),
        "trade": _("Place and cancel orders"),
        "transfer": _("Move credits and money out of the account"),
        "retire": _("Retire credits for good"),
    },
    "DEFAULT_SCOPES": ["view"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 90 * 86_400,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "refresh_token"],
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
    **{
        f"COMPLIANT_BCP_RFC9700_{gate}": True
        for gate in (
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "TOKEN_STORAGE",
            "REFRESH_TOKEN",
            "REDIRECT_URI_MATCHING",
            "PKCE_REQUIRED",
        )
    },
}
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
# Plain http is for programs on the person's own machine (RFC 8252): app_create takes no other.
SILENCED_SYSTEM_CHECKS = ["oauth2_provider.W008"]
SPECTACULAR_SETTINGS = {
    "TITLE": "ccmarket API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.accounts.api.openapi.schema_complete",
    ],
    # The viewer comes from our own server, and its script is a file of its own: no outside host.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Fields that share a name and not their words.
    "ENUM_NAME_OVERRIDES": {
        "OrderTypeEnum": ["limit", "market"],
        "SideEnum": ["buy", "sell"],
        "TreeSideEnum": ["left", "right"],
        "WebhookEventEnum": "apps.accounts.models.webhooks.WebhookEvent",
        "IntentStateEnum": "apps.nft.models.intents.ChainIntent.State",
        "LedgerTypeEnum": ["transfer", "match", "fee", "conversion"],
    },
}
UNFOLD = {
    "SITE_TITLE": "ccmarket",
    "SITE_HEADER": "ccmarket",
    "STYLES": [lambda request: static("css/admin.css")],
    "DASHBOARD_CALLBACK": "ccmarket.dashboard.dashboard",
    "COLORS": {
        # The green of our own pages, from light to dark.
        "primary": {
            "50": "#eef7f2",
            "100": "#d6ecdf",
            "200": "#aedac2",
            "300": "#7fc19f",
            "400": "#4fa47b",
            "500": "#2c8660",
            "600": "#17603f",
            "700": "#145437",
            "800": "#11432d",
            "900": "#0d3424",
            "950": "#071f15",
        }
    },
}

"""A typed client of ccmarket, for what exchanges' clients do not know.

Trading speaks the dialect of Coinbase Exchange: use ccxt or any client of it. Here are the projects
and credits, retirement and its certificates, NFTs and webhooks; `Client` waits for its answers,
`AsyncClient` is the same with `await`.
"""

from ccmarket_client.aio import AsyncClient
from ccmarket_client.client import Client
from ccmarket_client.errors import (
    ApiError,
    CcmarketError,
    Conflict,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    RateLimited,
    Refused,
    TimedOut,
    TransportError,
    Unavailable,
)
from ccmarket_client.models import (
    Certificate,
    Citation,
    Contract,
    Credit,
    Mint,
    MintRequest,
    Page,
    Project,
    Retirement,
    Token,
    Trace,
    TraceEvent,
    Vintage,
    Webhook,
)
from ccmarket_client.signing import Credentials
from ccmarket_client.verification import Verification
from ccmarket_client.webhooks import WebhookEvent, WebhookRefused, webhook_read

__all__ = [
    "ApiError",
    "AsyncClient",
    "CcmarketError",
    "Certificate",
    "Citation",
    "Client",
    "Conflict",
    "Contract",
    "Credentials",
    "Credit",
    "Mint",
    "MintRequest",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "Page",
    "Project",
    "RateLimited",
    "Refused",
    "Retirement",
    "TimedOut",
    "Token",
    "Trace",
    "TraceEvent",
    "TransportError",
    "Unavailable",
    "Verification",
    "Vintage",
    "Webhook",
    "WebhookEvent",
    "WebhookRefused",
    "webhook_read",
]

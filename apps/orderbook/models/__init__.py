"""Markets, the journal of commands and events, and what came of them."""

from apps.orderbook.models.bulk import (
    BulkBuy,
    BulkDemand,
    BulkLine,
    BulkOrder,
    BulkPlan,
    BulkRefusal,
    BulkShort,
)
from apps.orderbook.models.bulk_execution import (
    BulkCertificate,
    BulkDraw,
    BulkExecution,
    BulkPart,
    BulkStep,
)
from apps.orderbook.models.journal import Command, Event, JournalArchive, ProductLease
from apps.orderbook.models.market import Product
from apps.orderbook.models.quotes import (
    Quote,
    QuoteLine,
    QuotePermit,
    QuoteRequest,
    QuoteScore,
)
from apps.orderbook.models.trading import Candle, Fill, Level, Order, Switch
from apps.orderbook.models.volume import Volume, VolumeCursor

__all__ = [
    "BulkBuy",
    "BulkCertificate",
    "BulkDemand",
    "BulkDraw",
    "BulkExecution",
    "BulkLine",
    "BulkOrder",
    "BulkPart",
    "BulkPlan",
    "BulkRefusal",
    "BulkShort",
    "BulkStep",
    "Candle",
    "Command",
    "Event",
    "Fill",
    "JournalArchive",
    "Level",
    "Order",
    "Product",
    "ProductLease",
    "Quote",
    "QuoteLine",
    "QuotePermit",
    "QuoteRequest",
    "QuoteScore",
    "Switch",
    "Volume",
    "VolumeCursor",
]

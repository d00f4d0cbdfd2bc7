"""Names of assets and markets in the API's dialect.

Coinbase's clients take a product id apart at its only dash (`BTC-USD`), so the dashes inside our
codes become underscores there: market `VCS-1686-2017-CC` is product `VCS_1686_2017-CC`, and its
base `VCS-1686-2017` is currency `VCS_1686_2017`. Codes contain no underscore and no slash, so every
spelling that a client may send leads back to one code.
"""

from __future__ import annotations

from typing import Final

# ccxt also sends its own symbol for a market, BASE/QUOTE.
_TO_CODE: Final = str.maketrans({"_": "-", "/": "-"})


def currency_id(asset_code: str) -> str:
    """An asset in the dialect: `VCS-1686-2017` -> `VCS_1686_2017`."""
    return asset_code.replace("-", "_")


def product_id(base_code: str, quote_code: str) -> str:
    """A market in the dialect: `VCS-1686-2017`, `CC` -> `VCS_1686_2017-CC`."""
    return f"{currency_id(base_code)}-{currency_id(quote_code)}"


def code_from_name(name: str) -> str:
    """The code that a client means: `VCS_1686_2017-CC`, `VCS_1686_2017/CC` or the code itself."""
    return name.translate(_TO_CODE)

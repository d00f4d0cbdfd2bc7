"""The bridge on a real chain."""

from tests.support.settlement_fixtures import fresh_chain, proxy, settlement

__all__ = ["fresh_chain", "proxy", "settlement"]

"""The bridge on a real chain, to be killed."""

from tests.support.settlement_fixtures import fresh_chain, proxy, settlement

__all__ = ["fresh_chain", "proxy", "settlement"]

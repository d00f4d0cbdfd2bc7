"""The bloom filter in a block's header, as the Yellow Paper (4.3.1) defines it.

It says which addresses cannot have logged in a block, so that most blocks need not be read, and it
convicts a node that leaves a log out of a receipt.
"""

from __future__ import annotations

from collections.abc import Iterable

from eth_utils.conversions import to_bytes
from eth_utils.crypto import keccak

from apps.nft.chain.client import Log

BITS = 2048


def bloom_of(items: Iterable[bytes]) -> int:
    """The filter of some byte strings: three bits for each."""
    bloom = 0
    for item in items:
        digest = keccak(item)
        for i in (0, 2, 4):
            bloom |= 1 << (int.from_bytes(digest[i : i + 2], "big") % BITS)
    return bloom


def bloom_of_logs(logs: Iterable[Log]) -> int:
    """The filter that a header must carry for these logs: their addresses and topics."""
    return bloom_of(item for log in logs for item in (to_bytes(hexstr=log.address), *log.topics))


def may_contain(bloom: int, address: str) -> bool:
    """Whether the address may have logged. False is certain, True is likely."""
    wanted = bloom_of([to_bytes(hexstr=address)])
    return bloom & wanted == wanted

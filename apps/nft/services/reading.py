"""Reading a run of blocks whole, or not at all.

A node may be behind, restarting, or wrong. What it says is taken only if it fits together: blocks
link to each other, and in every block that may concern us each transaction has its receipt, log
indexes have no gap, and all logs together give exactly the bloom filter of the header.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from apps.nft.chain.bloom import bloom_of_logs, may_contain
from apps.nft.chain.client import ChainClient, Header, Log
from apps.nft.chain.errors import IncompleteAnswer


@dataclass(frozen=True, slots=True)
class BlockRead:
    """A block and every log that our contracts wrote in it, in order."""

    header: Header
    logs: tuple[Log, ...]


def blocks_read(
    *, client: ChainClient, first: int, last: int, addresses: Collection[str]
) -> list[BlockRead]:
    """The blocks `[first, last]` with the logs of `addresses`.

    Raises IncompleteAnswer where anything is missing, ChainUnavailable.
    """
    headers = [client.header(number) for number in range(first, last + 1)]
    for parent, child in pairwise(headers):
        if child.parent_hash != parent.hash:
            raise IncompleteAnswer(f"block {child.number} does not follow the one before it")
    return [BlockRead(header, _logs(client, header, addresses)) for header in headers]


def _logs(client: ChainClient, header: Header, addresses: Collection[str]) -> tuple[Log, ...]:
    if not any(may_contain(header.logs_bloom, address) for address in addresses):
        return ()
    logs = _all_logs(client, header)
    return tuple(log for log in logs if log.address in addresses)


def _all_logs(client: ChainClient, header: Header) -> list[Log]:
    receipts = client.receipts(header.hash)
    if len(receipts) != header.transaction_count:
        raise IncompleteAnswer(
            f"block {header.number} has {header.transaction_count} transactions and"
            f" {len(receipts)} receipts"
        )
    logs = [log for receipt in receipts for log in receipt.logs]
    if any(log.block_hash != header.hash for log in logs):
        raise IncompleteAnswer(f"a log of block {header.number} is of another block")
    if [log.log_index for log in logs] != list(range(len(logs))):
        raise IncompleteAnswer(f"a log of block {header.number} is missing")
    if bloom_of_logs(logs) != header.logs_bloom:
        raise IncompleteAnswer(f"the logs of block {header.number} are not those of its header")
    return logs

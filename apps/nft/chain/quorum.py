"""Several nodes as one: what moves value is believed only where most of them say the same.

One node can lie in a way that fits together: a block that nobody else has, with receipts that hash
to its header. So blocks, receipts and finality are asked of every node, and an answer counts when
more than half of all nodes give it. What only prepares a transaction (fees, gas, nonces) or reads
for comparison is asked of the first node that answers; signed bytes go to all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from apps.nft.chain.client import ChainClient, ChainIdentity, Fees, Header, Receipt
from apps.nft.chain.errors import (
    BroadcastRefused,
    ChainUnavailable,
    IncompleteAnswer,
    WrongChain,
)

Answer = TypeVar("Answer")


class QuorumClient(ChainClient):
    """A ChainClient of several nodes. Fewer than three can only agree or stop."""

    def __init__(self, clients: Sequence[ChainClient]) -> None:
        assert clients, "at least one node"
        self._clients = list(clients)
        self._wanted = len(self._clients) // 2 + 1

    # ------------------------------------------------------------------ most of them

    def identity(self) -> ChainIdentity:
        return self._agreed(lambda node: node.identity())

    def require(self, expected: ChainIdentity) -> None:
        found = self.identity()
        if found != expected:
            raise WrongChain(f"the nodes serve {found}, on record is {expected}")

    def header(self, number: int) -> Header:
        return self._agreed(lambda node: node.header(number))

    def head_number(self) -> int:
        """How far most of them are."""
        return self._reached(lambda node: node.head_number())

    def finalized(self) -> Header:
        """The last block that most of them call final."""
        return self.header(self._reached(lambda node: node.finalized().number))

    def receipts(self, block_hash: str) -> list[Receipt]:
        return list(self._agreed(lambda node: tuple(node.receipts(block_hash))))

    def receipt(self, transaction_hash: str) -> Receipt | None:
        return self._agreed(lambda node: node.receipt(transaction_hash))

    def code(self, address: str) -> bytes:
        return self._agreed(lambda node: node.code(address))

    # ------------------------------------------------------------------ any of them

    def knows(self, transaction_hash: str) -> bool:
        return any(self._answers(lambda node: node.knows(transaction_hash)))

    def next_nonce(self, address: str) -> int:
        """As the node that is furthest sees it: a spent nonce stays spent."""
        return max(self._answers(lambda node: node.next_nonce(address)))

    def fees(self) -> Fees:
        return self._first(lambda node: node.fees())

    def estimate_gas(self, *, sender: str, to: str, data: str) -> int:
        return self._first(lambda node: node.estimate_gas(sender=sender, to=to, data=data))

    def call(
        self, *, to: str, data: str, block: int | None = None, sender: str | None = None
    ) -> bytes:
        ask = partial(ChainClient.call, to=to, data=data, block=block, sender=sender)
        return self._first(lambda node: ask(node))

    def broadcast(self, raw: bytes) -> None:
        """To every node; refused only where none takes it."""
        refusals: list[BroadcastRefused] = []
        taken = 0
        for node in self._clients:
            try:
                node.broadcast(raw)
                taken += 1
            except BroadcastRefused as exc:
                refusals.append(exc)
            except ChainUnavailable:
                continue
        if taken == 0:
            raise refusals[0] if refusals else ChainUnavailable("no node answers")

    # ------------------------------------------------------------------ asking

    def _answers(self, ask: Callable[[ChainClient], Answer]) -> list[Answer]:
        """From every node that has one; ChainUnavailable where none has."""
        found: list[Answer] = []
        for node in self._clients:
            try:
                found.append(ask(node))
            except ChainUnavailable:
                continue
        if not found:
            raise ChainUnavailable("no node answers")
        return found

    def _first(self, ask: Callable[[ChainClient], Answer]) -> Answer:
        for node in self._clients[:-1]:
            try:
                return ask(node)
            except ChainUnavailable:
                continue
        return ask(self._clients[-1])

    def _agreed(self, ask: Callable[[ChainClient], Answer]) -> Answer:
        """What more than half of all nodes say."""
        answers = self._answers(ask)
        if len(answers) < self._wanted:
            raise ChainUnavailable(f"{len(answers)} of {len(self._clients)} nodes answer")
        answer, votes = Counter(answers).most_common(1)[0]
        if votes < self._wanted:
            raise IncompleteAnswer(f"no {self._wanted} of {len(self._clients)} nodes agree")
        return answer

    def _reached(self, ask: Callable[[ChainClient], int]) -> int:
        """The highest number that more than half of all nodes have reached."""
        answers = sorted(self._answers(ask), reverse=True)
        if len(answers) < self._wanted:
            raise ChainUnavailable(f"{len(answers)} of {len(self._clients)} nodes answer")
        return answers[self._wanted - 1]

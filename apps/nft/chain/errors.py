"""What can go wrong between us and a chain."""

from __future__ import annotations


class ChainError(Exception):
    """Base of everything below."""


class ChainUnavailable(ChainError):
    """The node does not answer, or answers with an error of its own. Try again later."""


class WrongChain(ChainError):
    """The node serves another chain than the one on record. Nothing may be sent or believed."""


class IncompleteAnswer(ChainError):
    """The node left something out or contradicts itself; what it said is not to be believed."""


class BroadcastRefused(ChainError):
    """The node does not take this signed transaction; the message is its reason."""


class CallReverted(ChainError):
    """The contract refuses the call. `error` names its custom error, `reason` adds arguments."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason

"""The settlement layer: chains, contracts, intents, transactions, what the chain said."""

from apps.nft.models.bridge import BridgeHalt, BridgeIntent, ChainTransaction, Signer
from apps.nft.models.chain import Chain, ChainEvent, Contract, IndexedBlock
from apps.nft.models.pool import Pledge, PoolRedemption, PoolRule
from apps.nft.models.token import MintBatch, Token

__all__ = [
    "BridgeHalt",
    "BridgeIntent",
    "Chain",
    "ChainEvent",
    "ChainTransaction",
    "Contract",
    "IndexedBlock",
    "MintBatch",
    "Pledge",
    "PoolRedemption",
    "PoolRule",
    "Signer",
    "Token",
]

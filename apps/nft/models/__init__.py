"""The settlement layer: chains, contracts, intents, transactions, what the chain said."""

from apps.nft.models.anchors import AnchorLeaf, DayAnchor
from apps.nft.models.balances import BalanceLeaf, BalanceTree
from apps.nft.models.bridge import BridgeIntent, ChainTransaction, MintRequest, Signer
from apps.nft.models.chain import Chain, ChainEvent, Contract, IndexedBlock
from apps.nft.models.coins import CoinDeposit, CoinWithdrawal
from apps.nft.models.halt import BridgeHalt, BridgeResume
from apps.nft.models.intents import ChainIntent
from apps.nft.models.pool import Pledge, PoolRedemption, PoolRule
from apps.nft.models.token import Token, TokenRedemption

__all__ = [
    "AnchorLeaf",
    "BalanceLeaf",
    "BalanceTree",
    "BridgeHalt",
    "BridgeIntent",
    "BridgeResume",
    "Chain",
    "ChainEvent",
    "ChainIntent",
    "ChainTransaction",
    "CoinDeposit",
    "CoinWithdrawal",
    "Contract",
    "DayAnchor",
    "IndexedBlock",
    "MintRequest",
    "Pledge",
    "PoolRedemption",
    "PoolRule",
    "Signer",
    "Token",
    "TokenRedemption",
]

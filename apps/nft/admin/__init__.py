"""What staff see of the bridge, and how they stop it and start it again."""

from apps.nft.admin import bridge, chain, coins, halts, pool

__all__ = ["bridge", "chain", "coins", "halts", "pool"]

"""The API of the bridge: out as NFTs, and what wallets and marketplaces ask about a token."""

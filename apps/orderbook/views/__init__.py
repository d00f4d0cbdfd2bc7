"""The pages of the order book."""

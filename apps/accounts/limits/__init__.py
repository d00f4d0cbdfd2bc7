"""How much of the API each caller may use: token buckets, one per key and one per address."""

"""Talking to a chain: the client, the artifacts of our contracts. No Django here."""

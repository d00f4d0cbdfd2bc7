"""Telling other people's servers what happened, signed, at least once, and nobody of our own."""

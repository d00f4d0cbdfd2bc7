"""How dates are written, by language; Django's own ways where nothing is said here."""

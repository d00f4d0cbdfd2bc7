"""ccxt's own exchange tests against a running ccmarket (`make ccxt`)."""

"""What `make demo`, `make test` and `make bench` run on, from nothing but Python packages.

PostgreSQL, a Redis-protocol server and a local chain, each replaced by one setting
(`DATABASE_URL`, `REDIS_URL`, `CHAIN_RPC_URL`), and the supervisor that keeps them and the
application's processes running. Nothing here imports Django: it has to work before it does.
"""

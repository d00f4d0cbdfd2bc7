"""PostgreSQL, Valkey and the chain: embedded, unless the environment names one to use instead."""

import os
from collections.abc import Mapping

from ccmarket.embedded.chain import Chain
from ccmarket.embedded.health import chain_answers, postgres_accepts, redis_answers
from ccmarket.embedded.layout import EmbeddedError, Layout, python
from ccmarket.embedded.ports import PortBook
from ccmarket.embedded.postgres import Postgres
from ccmarket.embedded.program import Program
from ccmarket.embedded.valkey import Valkey

REPLACEMENTS = {
    "DATABASE_URL": ("PostgreSQL", postgres_accepts),
    "REDIS_URL": ("Redis", redis_answers),
    "CHAIN_RPC_URL": ("The chain", chain_answers),
}


class Services:
    """Which services this set runs itself, and the environment that points to all of them."""

    def __init__(
        self,
        layout: Layout,
        environment: Mapping[str, str] | None = None,
        *,
        durable: bool,
        with_chain: bool = True,
    ) -> None:
        given = os.environ if environment is None else environment
        self.env = {name: given[name] for name in REPLACEMENTS if given.get(name)}
        self.replaced = tuple(self.env)
        self._layout = layout
        self._durable = durable
        self._with_chain = with_chain

    def prepare(self) -> list[Program]:
        """Make folders, ports and passwords; returns the programs to start, and fills `env`."""
        self._layout.make()
        self._require_replacements()
        ports = PortBook(self._layout.var / "ports.json")
        programs = []
        if "DATABASE_URL" not in self.env:
            postgres = Postgres(self._layout, ports.port("postgres"), durable=self._durable)
            postgres.prepare()
            self.env["DATABASE_URL"] = postgres.url
            programs.append(postgres.program())
        if "REDIS_URL" not in self.env:
            valkey = Valkey(self._layout, ports.port("valkey"), durable=self._durable)
            valkey.prepare()
            self.env["REDIS_URL"] = valkey.url
            programs.append(valkey.program())
        if "CHAIN_RPC_URL" not in self.env and self._with_chain:
            chain = Chain(self._layout, ports.port("chain"))
            chain.prepare()
            self.env["CHAIN_RPC_URL"] = chain.url
            programs += [chain.program(), miner(chain)]
        self.env["CCMARKET_VAR"] = str(self._layout.var)
        return programs

    def _require_replacements(self) -> None:
        """A service of the user's own that does not answer is their first thing to know."""
        for name in self.replaced:
            title, answers = REPLACEMENTS[name]
            if not answers(self.env[name]):
                raise EmbeddedError(
                    f"{title} does not answer at the address that {name} gives.\n"
                    f"Start it, correct {name}, or unset {name} to use the embedded one."
                )


def miner(chain: Chain) -> Program:
    module = [python(), "-m", "ccmarket.embedded.miner"]
    return Program(
        name="miner",
        title="Chain (miner)",
        command=lambda: [*module, chain.url, str(chain.state)],
        # The demo's first block, and its saved state, prove that the whole path works.
        ready=chain.state.exists,
    )

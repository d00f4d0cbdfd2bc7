"""`manage.py deploy_contracts`: the contracts on the configured chain, as often as you like."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.nft.chain.errors import ChainError
from apps.nft.chain.keys import KeyMissing
from apps.nft.services.connection import client_open, keyring_open
from apps.nft.services.deployment import contracts_deploy


class Command(BaseCommand):
    help = "Deploy the contracts where they are not yet, and check the code of those that are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--timeout", type=float, default=120, help="seconds to wait for each contract's block"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contracts = contracts_deploy(
                client=client_open(), keyring=keyring_open(), timeout_s=options["timeout"]
            )
        except (ChainError, KeyMissing) as exc:
            raise CommandError(str(exc)) from exc
        for contract in contracts.values():
            self.stdout.write(f"{contract.name} is at {contract.address} on chain {contract.chain}")

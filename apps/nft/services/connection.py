"""The chain and the keys that the settings name."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from apps.nft.chain.client import ChainClient, ChainIdentity
from apps.nft.chain.errors import WrongChain
from apps.nft.chain.keys import DevKeyring, EnvKeyring, Keyring, KeystoreKeyring
from apps.nft.chain.quorum import QuorumClient
from apps.nft.chain.remote_signer import RemoteKeyring
from apps.nft.models import Chain


def client_open() -> ChainClient:
    """A client of the configured nodes; nothing is asked yet."""
    first = ChainClient(settings.CHAIN_RPC_URL)
    others = [ChainClient(url) for url in settings.CHAIN_RPC_WITNESSES]
    return QuorumClient([first, *others]) if others else first


def chain_connect() -> tuple[Chain, ChainClient]:
    """The chain on record and a client whose node serves exactly that chain.

    Raises WrongChain where it serves another or none is on record, ChainUnavailable.
    """
    client = client_open()
    chain = Chain.objects.filter(chain_id=settings.CHAIN_ID).first()
    if chain is None:
        raise WrongChain("no chain is on record yet: run `manage.py deploy_contracts`")
    client.require(ChainIdentity(chain.chain_id, chain.genesis_hash))
    return chain, client


def chain_record(*, client: ChainClient) -> Chain:
    """The chain the node serves, put on record the first time.

    Raises WrongChain where settings or record name another.
    """
    found = client.identity()
    if found.chain_id != settings.CHAIN_ID:
        raise WrongChain(f"CHAIN_ID is {settings.CHAIN_ID}, the node serves {found.chain_id}")
    head = client.head_number()
    chain, _ = Chain.objects.get_or_create(
        chain_id=found.chain_id,
        defaults={"genesis_hash": found.genesis_hash, "indexed_from": head},
    )
    if chain.genesis_hash != found.genesis_hash:
        raise WrongChain(
            f"chain {found.chain_id} began with block {chain.genesis_hash} when it was recorded,"
            f" the node's began with {found.genesis_hash}"
        )
    return chain


def keyring_open() -> Keyring:
    """The keys that CHAIN_KEYS names."""
    if settings.CHAIN_KEYS == "keystore":
        return KeystoreKeyring(Path(settings.CHAIN_KEYSTORE_DIR), settings.CHAIN_KEYSTORE_PASSWORD)
    if settings.CHAIN_KEYS == "env":
        return EnvKeyring(os.environ)
    if settings.CHAIN_KEYS == "web3signer":
        return RemoteKeyring(settings.CHAIN_SIGNER_URL, os.environ)
    return DevKeyring()

"""`var/demo.json`: where the demo runs and how to sign in, for people and programs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypedDict

from django.conf import settings

from apps.accounts.acting import scopes_for_owner
from apps.accounts.models import ApiKey, User
from apps.accounts.services.api_keys import api_key_create
from apps.nft.models import Contract
from ccmarket.demo.people import PASSWORD, PEOPLE, Person, owner_of, wallet_ensure

KEY_NAME = "Demo"


class Credentials(TypedDict):
    """What signs a program's requests."""

    api_key: str
    api_secret: str
    passphrase: str


def facts_write(*, users: dict[str, User]) -> Path:
    """Writes the file whole or not at all, keeping the API keys that it already names."""
    path: Path = settings.VAR_DIR / "demo.json"
    known = _read(path).get("users", {})
    facts = {
        "base_url": settings.BASE_URL,
        "ws_url": settings.BASE_URL.replace("http", "ws", 1) + "/ws/feed",
        "rpc_url": settings.CHAIN_RPC_URL,
        "contracts": dict(
            Contract.objects.filter(chain_id=settings.CHAIN_ID).values_list("name", "address")
        ),
        "users": {
            person.key: _facts_of(person, users[person.key], known.get(person.key, {}))
            for person in PEOPLE
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    # The file holds secrets: nobody else on this machine reads it.
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(facts, file, indent=2)
    partial.replace(path)
    return path


def _facts_of(person: Person, user: User, known: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": person.name,
        "email": person.email,
        "password": PASSWORD,
        "role": person.role,
        **_credentials(person, user, known),
        "wallet": wallet_ensure(person, user),
    }


def _credentials(person: Person, user: User, known: dict[str, Any]) -> Credentials:
    """The key already written down if it still works, else a new one."""
    if ApiKey.objects.filter(key=known.get("api_key"), revoked_at=None).exists():
        return Credentials(
            api_key=known["api_key"],
            api_secret=known["api_secret"],
            passphrase=known["passphrase"],
        )
    owner = owner_of(person, user)
    new = api_key_create(
        user=user, owner=owner, name=KEY_NAME, scopes=scopes_for_owner(user=user, owner=owner)
    )
    return Credentials(api_key=new.api_key.key, api_secret=new.secret, passphrase=new.passphrase)


def _read(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return facts

"""Wallets that ask for, sign and answer a challenge."""

from __future__ import annotations

from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from apps.accounts.models import Owner, User, Wallet
from apps.accounts.services.wallets import Challenge, wallet_challenge, wallet_link


def sign(account: LocalAccount, message: str) -> str:
    return str(account.sign_message(encode_defunct(text=message)).signature.to_0x_hex())


def ask(owner: Owner, account: LocalAccount) -> tuple[Challenge, str]:
    return wallet_challenge(user=person_of(owner), owner=owner, address=account.address)


def answer(
    owner: Owner,
    challenge: Challenge | None,
    message: str,
    account: LocalAccount,
    *,
    user: User | None = None,
) -> Wallet:
    return wallet_link(
        user=user or person_of(owner),
        owner=owner,
        challenge=challenge,
        message=message,
        signature=sign(account, message),
    )


def person_of(owner: Owner) -> User:
    assert owner.user is not None
    return owner.user

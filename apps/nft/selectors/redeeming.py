"""The calls with which a holder brings tonnes and coins back, ready for their wallet to sign."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.accounts.models import Owner
from apps.nft.chain import artifacts
from apps.nft.chain.abi import Interface
from apps.nft.models import Token
from apps.nft.models.bridge import BLOCK_ID_STRIDE
from apps.nft.selectors.coins import coin_contracts, vault_contract
from apps.nft.selectors.owners import account_tag
from apps.nft.selectors.tokens import tokens_of


@dataclass(frozen=True, slots=True)
class WalletCall:
    """A transaction for the wallet `sender` to sign. Data is 0x hex."""

    chain_id: int
    sender: str
    to: str
    data: str
    tonnes: int = 0


def redeem_calls(owner: Owner, token_ids: Iterable[int]) -> list[WalletCall]:
    """One `redeem` for each wallet and contract that holds some of these tokens of the owner's.

    Tokens that are not in the owner's linked wallets are left out. The tonnes go to the owner.
    """
    by_wallet: dict[tuple[str, int], list[Token]] = defaultdict(list)
    for token in tokens_of(owner).filter(token_id__in=set(token_ids)):
        by_wallet[token.owner_address, token.contract_id].append(token)
    tag = bytes.fromhex(account_tag(owner).removeprefix("0x"))
    return [_call(tokens, tag) for tokens in by_wallet.values()]


def deposit_calls(owner: Owner, *, code: str, amount: int, sender: str) -> list[WalletCall]:
    """`approve`, then `deposit` of `amount` micro-units of a coin, for the owner's account.

    Empty where the vault takes no such coin, or is not deployed.
    """
    vault, coin = vault_contract(), coin_contracts().get(code)
    if vault is None or coin is None:
        return []
    erc20, interface = (Interface(artifacts.load(name)) for name in ("CCToken", "Vault"))
    tag = bytes.fromhex(account_tag(owner).removeprefix("0x"))
    approval = erc20.encode("approve", vault.address, amount)
    deposit = interface.encode("deposit", coin.address, amount, tag)
    return [
        WalletCall(vault.chain_id, sender, coin.address, approval),
        WalletCall(vault.chain_id, sender, vault.address, deposit),
    ]


def _call(tokens: Sequence[Token], tag: bytes) -> WalletCall:
    ranges = ranges_of(token.token_id for token in tokens)
    contract = tokens[0].contract
    interface = Interface(artifacts.load(contract.name))
    return WalletCall(
        chain_id=contract.chain_id,
        sender=tokens[0].owner_address,
        to=contract.address,
        data=interface.encode("redeem", ranges, tag),
        tonnes=len(tokens),
    )


def ranges_of(token_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Token ids as (first, count) of runs, each within one block as the contract wants it."""
    ranges: list[tuple[int, int]] = []
    for token_id in sorted(token_ids):
        first, count = ranges[-1] if ranges else (0, 0)
        is_next = token_id == first + count and token_id % BLOCK_ID_STRIDE != 0
        if is_next:
            ranges[-1] = (first, count + 1)
        else:
            ranges.append((token_id, 1))
    return ranges

"""A browser wallet (EIP-1193) with a key of its own, made for this walk."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct
from playwright.sync_api import BrowserContext
from web3 import Web3

BRIDGE = "askWallet"
PROVIDER = f"""
window.ethereum = {{
  request: ({{ method, params }}) => window.{BRIDGE}(method, params ?? []),
}};
"""
FUNDS_WEI = 10**18


class Wallet:
    """Signs what the page asks, as its person would by pressing "Sign"."""

    def __init__(self, rpc_url: str) -> None:
        self.account = Account.create()
        self.chain = Web3(Web3.HTTPProvider(rpc_url))
        self.chain.provider.make_request(  # gas is free on the local chain
            "anvil_setBalance", [self.account.address, hex(FUNDS_WEI)]
        )

    def install(self, context: BrowserContext) -> None:
        """Every page of the context finds it as `window.ethereum`."""
        context.expose_function(BRIDGE, self.request)
        context.add_init_script(PROVIDER)

    def request(self, method: str, params: list[Any]) -> Any:
        match method:
            case "eth_requestAccounts":
                return [self.account.address]
            case "eth_chainId":
                return hex(self.chain.eth.chain_id)
            case "personal_sign":
                message = encode_defunct(hexstr=params[0])
                return self.account.sign_message(message).signature.to_0x_hex()
            case "eth_sendTransaction":
                return self._send(params[0])
            case _:
                raise ValueError(f"this wallet knows no {method}")

    def _send(self, call: dict[str, str]) -> str:
        eth = self.chain.eth
        transaction = {
            "from": self.account.address,
            "to": Web3.to_checksum_address(call["to"]),
            "data": call["data"],
            "nonce": eth.get_transaction_count(self.account.address),
            "chainId": eth.chain_id,
            "maxFeePerGas": 2 * eth.gas_price,
            "maxPriorityFeePerGas": eth.max_priority_fee,
        }
        transaction["gas"] = eth.estimate_gas(transaction)
        signed = self.account.sign_transaction(transaction)
        return eth.send_raw_transaction(signed.raw_transaction).to_0x_hex()

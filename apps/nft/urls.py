"""Addresses of NFTs, the bridge and the pool."""

from __future__ import annotations

from django.urls import path

from apps.nft.views import bridge, coins, pool, record

urlpatterns = [
    path("nfts", bridge.nfts, name="nfts"),
    path("nfts/take-out", bridge.take_out, name="take_out"),
    path("nfts/requests/<uuid:public_id>", bridge.mint_request_status, name="mint_request"),
    path("nfts/redeem-call", bridge.redeem_call, name="redeem_call"),
    path(
        "nfts/transactions/<str:transaction_hash>",
        bridge.chain_transaction,
        name="chain_transaction",
    ),
    path("coins", coins.coins, name="coins"),
    path("coins/deposit-call", coins.deposit_call, name="deposit_call"),
    path("record", record.record, name="record"),
    path("record/<str:day>", record.record_day, name="record_day"),
    path("record/<str:day>/balances", record.record_balances, name="record_balances"),
    path("pool", pool.pool, name="pool"),
    path("pool/pledge", pool.pledge, name="pledge"),
    path("pool/redeem", pool.redeem, name="pool_redeem"),
]

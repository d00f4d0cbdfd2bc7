"""Addresses of the bridge's API, and of what a token's URI names."""

from __future__ import annotations

from django.urls import include, path

from apps.nft.api import anchors, balances, coins, metadata, mints

v1 = [
    path("nft/mints", mints.MintsView.as_view(), name="api_mints"),
    path("nft/mints/<uuid:mint>", mints.MintView.as_view(), name="api_mint"),
    path("nft/tokens", mints.TokensView.as_view(), name="api_tokens"),
    path("anchors", anchors.AnchorsView.as_view(), name="api_anchors"),
    path("anchors/<str:day>", anchors.AnchorView.as_view(), name="api_anchor"),
    path("anchors/<str:day>/proof", anchors.ProofView.as_view(), name="api_anchor_proof"),
    path("anchors/<str:day>/balances", balances.BalancesView.as_view()),
    path("coins", coins.CoinsView.as_view(), name="api_coins"),
    path("coins/deposits", coins.CoinDepositsView.as_view(), name="api_coin_deposits"),
    path("coins/withdrawals", coins.CoinWithdrawalsView.as_view(), name="api_coin_withdrawals"),
    path(
        "coins/withdrawals/<uuid:withdrawal>",
        coins.CoinWithdrawalView.as_view(),
        name="api_coin_withdrawal",
    ),
    path("nft/contract", mints.ContractView.as_view(), name="api_nft_contract"),
]

urlpatterns = [
    path("api/v1/", include(v1)),
    path("nft/metadata/<int:token_id>", metadata.token_metadata, name="token_metadata"),
    path("nft/card/<int:token_id>.svg", metadata.token_card, name="token_card"),
]

"""Addresses of a person's own pages."""

from __future__ import annotations

from django.urls import include, path
from oauth2_provider.views import OAuthServerMetadataView

from apps.accounts.views import (
    account,
    api_keys,
    apps,
    gifts,
    invoices,
    members,
    money,
    oauth,
    spending,
    statements,
    sub_accounts,
    verification,
    wallets,
    webhooks,
)

oauth_urlpatterns = [
    path("oauth/authorize", oauth.ConsentView.as_view(), name="authorize"),
    path("oauth/token", oauth.LimitedTokenView.as_view(), name="token"),
    path("oauth/revoke", oauth.LimitedRevokeView.as_view(), name="revoke-token"),
    path(
        ".well-known/oauth-authorization-server",
        OAuthServerMetadataView.as_view(),
        name="oauth-server-metadata",
    ),
]

urlpatterns = [
    # The library finds its addresses by this name.
    path("", include((oauth_urlpatterns, "oauth2_provider"))),
    path("account/", account.account, name="account"),
    path("account/acting/", account.acting_switch, name="acting_switch"),
    path("account/organisations/", account.organisation_new, name="organisation_new"),
    path("account/members/", members.members, name="members"),
    path("account/members/<uuid:member>/role/", members.member_role, name="member_role"),
    path("account/members/<uuid:member>/remove/", members.member_removal, name="member_remove"),
    path("account/members/<uuid:member>/accounts/", sub_accounts.member_limit, name="member_limit"),
    path("account/sub-accounts/", sub_accounts.sub_accounts, name="sub_accounts"),
    path("account/sub-accounts/move/", sub_accounts.move, name="account_move"),
    path(
        "account/sub-accounts/<uuid:account>/name/",
        sub_accounts.sub_account_renaming,
        name="sub_account_rename",
    ),
    path(
        "account/sub-accounts/<uuid:account>/close/",
        sub_accounts.sub_account_closing,
        name="sub_account_close",
    ),
    path(
        "account/invitations/<uuid:invitation>/take-back/",
        members.invitation_revoking,
        name="invitation_revoke",
    ),
    path("invitations/<str:token>/", members.invitation, name="invitation"),
    path("account/verification/", verification.verification, name="verification"),
    path("account/verification/begin/", verification.verification_begin, name="verification_begin"),
    path(
        "account/verification/documents/<uuid:document>/",
        verification.document,
        name="verification_document",
    ),
    path("account/spending/", spending.spending, name="spending"),
    path("account/api-keys/", api_keys.api_keys, name="api_keys"),
    path("account/api-keys/<slug:key>/revoke/", api_keys.api_key_end, name="api_key_revoke"),
    path("account/webhooks/", webhooks.webhooks, name="webhooks"),
    path("account/webhooks/<uuid:webhook>/", webhooks.webhook, name="webhook"),
    path(
        "account/webhooks/<uuid:webhook>/rotate/", webhooks.webhook_rotation, name="webhook_rotate"
    ),
    path("account/webhooks/<uuid:webhook>/end/", webhooks.webhook_ending, name="webhook_end"),
    path(
        "account/webhooks/<uuid:webhook>/messages/<uuid:message>/replay/",
        webhooks.webhook_replay,
        name="webhook_replay",
    ),
    path("account/apps/", apps.connected_apps, name="connected_apps"),
    path("account/apps/<int:consent>/end/", apps.app_disconnection, name="app_disconnect"),
    path("account/apps/own/<int:app>/delete/", apps.app_deletion, name="app_delete"),
    path("account/gifts/", gifts.gifts, name="gifts"),
    path("account/gifts/<uuid:gift>/take-back/", gifts.gift_taking_back, name="gift_take_back"),
    path("gifts/<str:token>/", gifts.gift, name="gift"),
    path("account/wallets/", wallets.wallets, name="wallets"),
    path("account/wallets/challenge/", wallets.wallet_challenge, name="wallet_challenge"),
    path("account/wallets/link/", wallets.wallet_link, name="wallet_link"),
    path("account/wallets/<slug:address>/unlink/", wallets.wallet_unlink, name="wallet_unlink"),
    path("account/deposit/", money.deposit, name="deposit"),
    path("account/history/", money.history, name="history"),
    path("account/invoices/", invoices.invoices, name="invoices"),
    path("account/invoices/<int:number>/", invoices.invoice, name="invoice"),
    path("account/invoices/<int:number>.pdf", invoices.pdf, name="invoice_pdf"),
    path("account/invoices/<int:number>.csv", invoices.csv, name="invoice_csv"),
    path("account/statements/", statements.statements, name="statements"),
    path("account/statements/<int:year>-<int:month>/", statements.statement, name="statement"),
    path("account/statements/<int:year>-<int:month>.pdf", statements.pdf, name="statement_pdf"),
    path("account/statements/<int:year>-<int:month>.csv", statements.csv, name="statement_csv"),
]

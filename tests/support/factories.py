"""Small builders of what most tests need. Each makes something valid with as little as it takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Model
from django.test import Client

from apps.accounts.acting import ALL_SCOPES
from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.ledger.services import CUSTODY, Leg, ledger_post, platform_owner_get
from apps.accounts.models import Membership, Organisation, User, Wallet
from apps.accounts.services.api_keys import NewApiKey, api_key_create
from apps.accounts.services.organisations import organisation_create
from apps.accounts.services.users import user_create

PASSWORD = "correct horse battery staple"
TONNE = 1_000_000

_numbers = itertools.count(1)


def user_make(email: str | None = None, **fields: object) -> User:
    """A person with a verified address and no password: sign in with `client_of`."""
    email = email or f"person-{next(_numbers)}@example.com"
    return user_create(email=email, email_verified=True, **fields)  # type: ignore[arg-type]


def staff_make(*may: tuple[str, type[Model]], **fields: object) -> User:
    """Staff with permissions, like ("add", Model) to propose and ("change", Model) to decide."""
    user = user_make(is_staff=True, **fields)
    for action, model in may:
        user.user_permissions.add(
            Permission.objects.get(
                codename=f"{action}_{model._meta.model_name}",
                content_type__app_label=model._meta.app_label,
            )
        )
    return User.objects.get(pk=user.pk)  # Django caches permissions on the instance.


def organisation_make(*, by: User | None = None, **members: User) -> Organisation:
    """An organisation; `members` by role, as in `organisation_make(trader=someone)`."""
    organisation = organisation_create(name=f"Organisation {next(_numbers)}", by=by or user_make())
    for role, user in members.items():
        Membership.objects.create(organisation=organisation, user=user, role=role)
    return organisation


def owner_make(email: str | None = None) -> Owner:
    """The owner of a new person."""
    return user_make(email).owner


def asset_make(code: str | None = None, *, kind: str = Asset.Kind.CASH) -> Asset:
    """An asset; the one that exists, if that code does."""
    code = code or f"ASSET-{next(_numbers)}"
    return Asset.objects.get_or_create(code=code, defaults={"kind": kind, "name": code})[0]


def fund(owner: Owner, asset: Asset, amount: int) -> Balance:
    """Gives the owner `amount` micro-units out of custody, as a receipt from outside does."""
    leg = Leg(
        from_owner=platform_owner_get(name=CUSTODY),
        to_owner=owner,
        asset=asset,
        amount=amount,
        kind=Transfer.Kind.BANK,
        reference=next(_numbers),
    )
    with transaction.atomic():
        ledger_post(legs=[leg])
    return Balance.objects.get(owner=owner, asset=asset)


def api_key_make(
    user: User, *, owner: Owner | None = None, scopes: Iterable[str] = ALL_SCOPES
) -> NewApiKey:
    """A key with its secret and passphrase, for the person's own owner unless told."""
    return api_key_create(user=user, owner=owner or user.owner, name="Test", scopes=scopes)


def wallet_make(owner: Owner, address: str, *, user: User | None = None) -> Wallet:
    """A linked wallet, without the ceremony of signing."""
    user = user or owner.user
    assert user is not None, "say who links a wallet of an organisation"
    return Wallet.objects.create(owner=owner, user=user, address=address, chain_id=31337)


def client_of(user: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return client

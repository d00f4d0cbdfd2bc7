"""The demo's people: neutral roles, one well-known password, wallets of the local chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import Group, Permission
from eth_account import Account
from eth_account.messages import encode_defunct

from apps.accounts.models import Membership, Organisation, Owner, User, Wallet
from apps.accounts.services.organisations import organisation_create
from apps.accounts.services.sub_accounts import sub_account_open
from apps.accounts.services.users import owner_ensure, user_create
from apps.accounts.services.wallets import wallet_challenge, wallet_link
from ccmarket.embedded.chain import MNEMONIC

PASSWORD: Final = "one-tonne-at-a-time"  # noqa: S105 - printed by `make demo`, for this machine only
STAFF_GROUP: Final = "Staff"
COMPANY: Final = "Demo Company"
DEPARTMENT: Final = "Travel"
NEWCOMER: Final = "Demo Newcomer"
OUR_APPS: Final = ("accounts", "registry", "orderbook", "nft")

Account.enable_unaudited_hdwallet_features()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to sign in as. `wallet_index` counts the local chain's funded accounts."""

    key: str
    name: str
    role: str
    wallet_index: int | None = None

    @property
    def email(self) -> str:
        return f"{self.key.replace('_', '-')}@demo.example"


PEOPLE: Final = (
    Person("individual_one", "Individual One", "individual", wallet_index=5),
    Person("individual_two", "Individual Two", "individual", wallet_index=6),
    Person("company", "Company Trader", "company", wallet_index=7),
    Person("staff_one", "Staff One", "staff"),
    Person("staff_two", "Staff Two", "staff"),
    Person("auditor", "Auditor", "auditor"),
    Person("maker_one", "Market Maker One", "market maker"),
    Person("maker_two", "Market Maker Two", "market maker"),
)


def people_ensure() -> dict[str, User]:
    """Every person by key, created where missing, staff with their permissions."""
    users = {person.key: _user(person) for person in PEOPLE}
    staff = _staff_group()
    for key in ("staff_one", "staff_two"):
        users[key].groups.add(staff)
    if not Organisation.objects.filter(name=COMPANY).exists():
        company = organisation_create(name=COMPANY, by=users["company"], country="DE")
        sub_account_open(organisation=company, name=DEPARTMENT, by=users["company"])
    if not Organisation.objects.filter(name=NEWCOMER).exists():
        organisation_create(name=NEWCOMER, by=users["company"], country="FR")
    return users


def owner_of(person: Person, user: User) -> Owner:
    """Who the person acts for: themselves, or the company."""
    if person.role == "company":
        return Owner.objects.get(
            parent=None,
            organisation__name=COMPANY,
            organisation__memberships__user=user,
            organisation__memberships__role=Membership.Role.OWNER,
        )
    return owner_ensure(user=user)


def wallet_ensure(person: Person, user: User) -> str | None:
    """The person's wallet address, linked by signing in with it as a browser wallet would."""
    if person.wallet_index is None:
        return None
    account = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{person.wallet_index}")
    if not Wallet.objects.filter(address__iexact=account.address, unlinked_at=None).exists():
        owner = owner_of(person, user)
        challenge, message = wallet_challenge(user=user, owner=owner, address=account.address)
        signature = account.sign_message(encode_defunct(text=message)).signature.to_0x_hex()
        wallet_link(
            user=user, owner=owner, challenge=challenge, message=message, signature=signature
        )
    return str(account.address)


def _user(person: Person) -> User:
    found = User.objects.filter(email=person.email).first()
    return found or user_create(
        email=person.email,
        password=PASSWORD,
        name=person.name,
        is_staff=person.role in {"staff", "auditor"},
        is_auditor=person.role == "auditor",
        email_verified=True,
    )


def _staff_group() -> Group:
    """May see everything of ours and propose and decide; may delete nothing."""
    group = Group.objects.get_or_create(name=STAFF_GROUP)[0]
    # Each time: a newer version has more to see and to decide.
    ours = Permission.objects.filter(content_type__app_label__in=OUR_APPS)
    group.permissions.add(*ours.exclude(codename__startswith="delete_"))
    return group

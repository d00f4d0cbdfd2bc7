"""For whom a request acts, and what it may do: the one place that decides it.

A signed-in person acts for themselves, or for the organisation or its sub-account chosen in the
session while they may (`roles`). An API key acts for the owner it was made for, a connected app for
the owner that its consent names. What each may do is a set of scopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from apps.accounts.errors import NotPermitted
from apps.accounts.ledger.models import Owner
from apps.accounts.models import ApiKey, AppConsent, Membership, Organisation, User
from apps.accounts.roles import accounts_of, role_for

SESSION_KEY: Final = "acting_organisation"
# Beside it, where it is for a sub-account.
ACCOUNT_KEY: Final = "acting_account"

VIEW: Final = ApiKey.Scope.VIEW.value
TRADE: Final = ApiKey.Scope.TRADE.value
TRANSFER: Final = ApiKey.Scope.TRANSFER.value
RETIRE: Final = ApiKey.Scope.RETIRE.value

Scopes = frozenset[str]
ALL_SCOPES: Final[Scopes] = frozenset(ApiKey.Scope.values)
READ_ONLY: Final[Scopes] = frozenset({VIEW})
# What still reaches a closed account may leave it.
CLOSED_SCOPES: Final[Scopes] = frozenset({VIEW, TRANSFER})
ROLE_SCOPES: Final[dict[str, Scopes]] = {
    Membership.Role.OWNER: ALL_SCOPES,
    Membership.Role.TRADER: frozenset({VIEW, TRADE, RETIRE}),
    Membership.Role.APPROVER: READ_ONLY,
    Membership.Role.ACCOUNTANT: READ_ONLY,
    Membership.Role.VIEWER: READ_ONLY,
}


@dataclass(frozen=True, slots=True)
class Acting:
    """`user` acts for `owner` within `scopes`."""

    user: User
    owner: Owner
    scopes: Scopes

    def require(self, scope: str) -> None:
        """Raises NotPermitted unless the scope is there."""
        if scope not in self.scopes:
            raise NotPermitted(
                _("You may not do this here: the '%(scope)s' permission is missing.")
                % {"scope": scope},
                code="scope_missing",
            )


@dataclass(frozen=True, slots=True)
class AppToken:
    """What a connected app shows: a token with `scopes`, under a consent that lasts."""

    consent: AppConsent
    scopes: Scopes


def scopes_of(*, user: User, owner: Owner, role: str | None) -> Scopes:
    """What a person may do for themselves, or for an organisation's account in their role there."""
    if not user.is_active:
        return frozenset()
    allowed = ALL_SCOPES if owner.user_id == user.pk else ROLE_SCOPES.get(role or "", frozenset())
    if owner.closed_at is not None:
        allowed &= CLOSED_SCOPES
    return allowed & READ_ONLY if user.is_auditor else allowed


def scopes_for_owner(*, user: User, owner: Owner) -> Scopes:
    """What the person may do for this owner; nothing for a stranger's."""
    return scopes_of(user=user, owner=owner, role=role_for(owner=owner, user=user))


def acting(request: Any) -> Acting:
    """Who acts in this request; of Django or of DRF. Asks the database once per request.

    Raises NotPermitted when nobody is signed in, or the chosen organisation is no longer theirs;
    then the choice is forgotten, and only this one request is refused.
    """
    # Not getattr: a DRF request would answer with what is cached on the request it wraps.
    known: Acting | None = vars(request).get("_acting")
    if known is None:
        known = request._acting = _acting(request)
    return known


def acting_owner(request: Any) -> Owner:
    """The owner that this request acts for."""
    return acting(request).owner


def organisation_acted_for(request: Any) -> Organisation:
    """The organisation that this request acts for; Http404 where it acts for a person."""
    organisation = acting_owner(request).organisation
    if organisation is None:
        raise Http404("a person has no members")
    return organisation


def _acting(request: Any) -> Acting:
    user = request.user
    if not user.is_authenticated:
        raise NotPermitted(_("Sign in first."), code="not_authenticated", status=401)
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return acting_by_key(key)
    if isinstance(key, AppToken):
        owner = key.consent.owner
        return Acting(user, owner, scopes_for_owner(user=user, owner=owner) & key.scopes)
    if chosen := request.session.get(SESSION_KEY):
        return _acting_for_organisation(request, user, chosen)
    return Acting(user, user.owner, scopes_of(user=user, owner=user.owner, role=None))


def acting_by_key(key: ApiKey) -> Acting:
    """For whom a request acts that this key has signed; `key_find` found it."""
    scopes = scopes_of(user=key.user, owner=key.owner, role=getattr(key, "role", None))
    return Acting(key.user, key.owner, scopes & {*key.scopes})


def _acting_for_organisation(request: Any, user: User, organisation_id: int) -> Acting:
    account = request.session.get(ACCOUNT_KEY)
    found = accounts_of(user).filter(organisation=organisation_id)
    owner = (found.filter(parent=None) if account is None else found.filter(pk=account)).first()
    if owner is None:
        _forget(request)
        raise NotPermitted(
            _("You are no longer a member of that organisation. You act for yourself again.")
            if account is None
            else _("You may no longer act for that account. You act for yourself again."),
            code="membership_ended",
        )
    role: str = owner.role  # type: ignore[attr-defined]
    return Acting(user, owner, scopes_of(user=user, owner=owner, role=role))


def acting_choose(
    request: HttpRequest, *, organisation_id: int | None, account_id: int | None = None
) -> None:
    """From now on this session acts for the organisation, or with None for the person.

    For its sub-account `account_id`; without one for the main account, or the first that the
    person may act for. Raises NotPermitted `not_a_member`.
    """
    vars(request).pop("_acting", None)
    _forget(request)
    if organisation_id is None:
        return
    found = accounts_of(cast(User, request.user)).filter(organisation=organisation_id)
    if account_id is not None:
        found = found.filter(pk=account_id)
    owner = found.first()
    if owner is None:
        raise NotPermitted(_("You are not a member of that organisation."), code="not_a_member")
    request.session[SESSION_KEY] = organisation_id
    if owner.parent_id is not None:
        request.session[ACCOUNT_KEY] = owner.pk


def _forget(request: Any) -> None:
    request.session.pop(SESSION_KEY, None)
    request.session.pop(ACCOUNT_KEY, None)

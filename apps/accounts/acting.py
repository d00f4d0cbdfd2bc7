"""For whom a request acts, and what it may do: the one place that decides it.

A signed-in person acts for themselves, or for the organisation chosen in the session while they
are its member. An API key acts for the owner it was made for, a connected app for the owner that
its consent names. What each may do is a set of scopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from apps.accounts.errors import NotPermitted
from apps.accounts.ledger.models import Owner
from apps.accounts.models import ApiKey, AppConsent, Membership, Organisation, User

SESSION_KEY: Final = "acting_organisation"

VIEW: Final = ApiKey.Scope.VIEW.value
TRADE: Final = ApiKey.Scope.TRADE.value
TRANSFER: Final = ApiKey.Scope.TRANSFER.value
RETIRE: Final = ApiKey.Scope.RETIRE.value

Scopes = frozenset[str]
ALL_SCOPES: Final[Scopes] = frozenset(ApiKey.Scope.values)
READ_ONLY: Final[Scopes] = frozenset({VIEW})
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


def scopes_of(*, user: User, role: str | None, own: bool) -> Scopes:
    """What a person may do for themselves (`own`), or for an organisation in their role there."""
    if not user.is_active:
        return frozenset()
    allowed = ALL_SCOPES if own else ROLE_SCOPES.get(role or "", frozenset())
    return allowed & READ_ONLY if user.is_auditor else allowed


def scopes_for_owner(*, user: User, owner: Owner) -> Scopes:
    """What the person may do for this owner; nothing for a stranger's."""
    role = None
    if owner.organisation_id is not None:
        role = (
            Membership.objects.filter(user=user, organisation=owner.organisation_id)
            .values_list("role", flat=True)
            .first()
        )
    return scopes_of(user=user, role=role, own=owner.user_id == user.pk)


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
    return Acting(user, user.owner, scopes_of(user=user, role=None, own=True))


def acting_by_key(key: ApiKey) -> Acting:
    """For whom a request acts that this key has signed; `key_find` found it."""
    own, role = key.owner.user_id == key.user.pk, getattr(key, "role", None)
    scopes = scopes_of(user=key.user, role=role, own=own) & {*key.scopes}
    return Acting(key.user, key.owner, scopes)


def _acting_for_organisation(request: Any, user: User, organisation_id: int) -> Acting:
    membership = (
        Membership.objects.select_related("organisation__owner")
        .filter(user=user, organisation=organisation_id)
        .first()
    )
    if membership is None:
        del request.session[SESSION_KEY]
        raise NotPermitted(
            _("You are no longer a member of that organisation. You act for yourself again."),
            code="membership_ended",
        )
    scopes = scopes_of(user=user, role=membership.role, own=False)
    return Acting(user, membership.organisation.owner, scopes)


def acting_choose(request: HttpRequest, *, organisation_id: int | None) -> None:
    """From now on this session acts for the organisation, or with None for the person."""
    vars(request).pop("_acting", None)
    request.session.pop(SESSION_KEY, None)
    if organisation_id is not None:
        member = Membership.objects.filter(user=request.user.pk, organisation=organisation_id)
        if not member.exists():
            raise NotPermitted(_("You are not a member of that organisation."), code="not_a_member")
        request.session[SESSION_KEY] = organisation_id

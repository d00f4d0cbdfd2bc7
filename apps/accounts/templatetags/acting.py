"""For whom this page acts."""

from __future__ import annotations

from typing import Any

from django import template

from apps.accounts.acting import ACCOUNT_KEY, SESSION_KEY
from apps.accounts.models import Membership, Owner
from apps.accounts.roles import accounts_of

register = template.Library()


@register.simple_tag(takes_context=True)
def acting_organisation(context: dict[str, Any]) -> Owner | None:
    """The organisation's account that this session acts for; None for oneself, and on error pages.

    Only looks: that a membership has ended is for the next action to say, not for a header.
    """
    request = context.get("request")
    if request is None or SESSION_KEY not in request.session:
        return None
    found = accounts_of(request.user).filter(organisation=request.session[SESSION_KEY])
    account = request.session.get(ACCOUNT_KEY)
    return (found.filter(parent=None) if account is None else found.filter(pk=account)).first()


@register.filter
def role_name(role: str) -> str:
    """A role as people call it."""
    return str(Membership.Role(role).label)

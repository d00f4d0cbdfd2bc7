"""For whom this page acts."""

from __future__ import annotations

from typing import Any

from django import template

from apps.accounts.acting import SESSION_KEY
from apps.accounts.models import Organisation

register = template.Library()


@register.simple_tag(takes_context=True)
def acting_organisation(context: dict[str, Any]) -> Organisation | None:
    """The organisation that this session acts for; None for oneself, and on error pages.

    Only looks: that a membership has ended is for the next action to say, not for a header.
    """
    request = context.get("request")
    if request is None or SESSION_KEY not in request.session:
        return None
    chosen = request.session[SESSION_KEY]
    return Organisation.objects.filter(pk=chosen, memberships__user=request.user.pk).first()

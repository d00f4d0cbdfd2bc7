"""Filling up a tonne that fractions left open, from the platform's own balance."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, InsufficientFunds, NotPermitted
from apps.accounts.ledger.services import HOUSE, platform_owner_get
from apps.accounts.models import User
from apps.accounts.units import mass_text
from apps.registry.allocation import TONNE, Grams
from apps.registry.models import RegistryRetirement, Retirement, Span
from apps.registry.selectors import grams_by_state
from apps.registry.services.credit_classes import credit_class_lock
from apps.registry.services.retirements import retirement_fill

PERMISSION = "registry.change_registryretirement"


def tonne_fill_up(*, item: RegistryRetirement, by: User) -> Retirement:
    """Retires the rest of a tonne out of the platform's own balance; it is ready then.

    Raises NotPermitted, Conflict `item_not_filling` or `house_short`.
    """
    if not (by.is_staff and by.has_perm(PERMISSION)):
        raise NotPermitted(_("You may not do this. Ask staff with that permission."))
    with transaction.atomic():
        credit_class_lock(credit_class=item.credit_class)
        locked = RegistryRetirement.objects.select_related("credit_class__asset").get(pk=item.pk)
        if locked.state != RegistryRetirement.State.FILLING:
            raise Conflict(_("This tonne is full already."), code="item_not_filling")
        tonne = Grams(locked.grams.lower, locked.grams.upper)
        rest = TONNE - grams_by_state(*tonne).get(Span.State.RETIRED, 0)
        try:
            return retirement_fill(
                owner=platform_owner_get(name=HOUSE),
                credit_class=locked.credit_class,
                tonne=tonne,
                amount_grams=rest,
                user=by,
            )
        except InsufficientFunds as error:
            raise Conflict(
                _(
                    "%(amount)s of %(class)s are missing, and the platform's own account has not "
                    "got them. Receive or buy them for the owner “house”, then try again."
                )
                % {"amount": mass_text(rest), "class": locked.credit_class},
                code="house_short",
            ) from error

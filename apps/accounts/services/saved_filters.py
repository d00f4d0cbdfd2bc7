"""Staff keep a list's filters, search and order under a name. Only who saved them changes them."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from apps.accounts.errors import Conflict, NotFound, ServiceError
from apps.accounts.models import SavedFilter, User
from apps.accounts.models.saved_filters import NAME_CHARS_MAX, QUERY_CHARS_MAX

PER_LIST_MAX: Final = 50
# Which page, and how it is shown, is not what is looked for.
_NOT_KEPT: Final = {"p", "e", "all", "_popup", "_to_field", "_facets"}


def query_kept(query: str) -> str:
    """What of a list's query is worth keeping, in one spelling."""
    pairs = parse_qsl(query.lstrip("?"))
    return urlencode(sorted((key, value) for key, value in pairs if key not in _NOT_KEPT))


def saved_filters_of(*, user: User, model: str) -> QuerySet[SavedFilter]:
    """The person's own, and those that others share."""
    seen = SavedFilter.objects.filter(Q(user=user) | Q(is_shared=True), model=model)
    return seen.select_related("user").order_by("name", "pk")


def saved_filter_save(
    *, user: User, model: str, name: str, query: str, is_shared: bool
) -> SavedFilter:
    """Keeps the query under the name; the person's own of that name is replaced.

    Raises ServiceError `filter_name`, `filter_empty`, `filter_too_long`, Conflict `filters_full`.
    """
    name, query = _name_of(name), query_kept(query)
    if not query:
        raise ServiceError(_("Filter, search or sort the list first."), code="filter_empty")
    if len(query) > QUERY_CHARS_MAX:
        raise ServiceError(_("These filters are too long to be saved."), code="filter_too_long")
    own = SavedFilter.objects.filter(user=user, model=model)
    if not own.filter(name=name).exists() and own.count() >= PER_LIST_MAX:
        raise Conflict(
            _("You have %(count)s saved filters of this list. Delete one first.")
            % {"count": PER_LIST_MAX},
            code="filters_full",
        )
    return own.update_or_create(
        name=name,
        defaults={"query": query, "is_shared": is_shared},
        create_defaults={"user": user, "model": model, "query": query, "is_shared": is_shared},
    )[0]


def saved_filter_rename(*, user: User, filter_id: int, name: str, is_shared: bool) -> SavedFilter:
    """Raises NotFound, ServiceError `filter_name`, Conflict `filter_exists`."""
    saved, name = _own(user, filter_id), _name_of(name)
    others = SavedFilter.objects.filter(user=user, model=saved.model).exclude(pk=saved.pk)
    if others.filter(name=name).exists():
        raise Conflict(
            _("You have another saved filter of this name. Choose another name."),
            code="filter_exists",
        )
    saved.name, saved.is_shared = name, is_shared
    saved.save(update_fields=["name", "is_shared"])
    return saved


def saved_filter_delete(*, user: User, filter_id: int) -> None:
    """Raises NotFound."""
    _own(user, filter_id).delete()


def _own(user: User, filter_id: int) -> SavedFilter:
    saved = SavedFilter.objects.filter(user=user, pk=filter_id).first()
    if saved is None:
        raise NotFound(_("You have no such saved filter. Reload the page."))
    return saved


def _name_of(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
        raise ServiceError(
            _("Give it a name of at most %(count)s characters.") % {"count": NAME_CHARS_MAX},
            code="filter_name",
        )
    return name

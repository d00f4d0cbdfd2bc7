"""What every page of the admin has: the full history of a row, and saved filters."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.paginator import InfinitePaginator

from apps.accounts.admin.saved_filters import SavedFilters
from apps.accounts.errors import ServiceError
from apps.accounts.history import entries_of, said_of

HISTORY_PER_PAGE = 50


class StaffAdmin(SavedFilters):
    """Base of every admin of ours. What a service refuses is said on the page that asked for it."""

    refusals: ClassVar[tuple[type[Exception], ...]] = (ServiceError,)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except self.refusals as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who changed the row, when, from what to what. Nobody can change what it says."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        pages: Paginator[Any] = InfinitePaginator(entries_of(row), HISTORY_PER_PAGE)
        page = pages.get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of %(row)s") % {"row": row},
            "opts": self.opts,
            "object": row,
            "page": page,
            "changes": [said_of(entry, type(row)) for entry in page],
            "is_last_page": len(page.object_list) < HISTORY_PER_PAGE,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/row_history.html", context)

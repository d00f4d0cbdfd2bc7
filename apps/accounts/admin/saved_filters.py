"""Above every list: the filters that its staff have saved, and a way to save the present ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from apps.accounts.errors import ServiceError
from apps.accounts.models import User
from apps.accounts.services.saved_filters import (
    query_kept,
    saved_filter_delete,
    saved_filter_rename,
    saved_filter_save,
    saved_filters_of,
)


class SavedFilters(ModelAdmin):
    """Part of every admin of ours."""

    list_before_template = "admin/includes/saved_filters.html"

    def get_urls(self) -> list[URLPattern]:
        def page(pattern: str, view: Callable[..., Any], name: str) -> Any:
            safe = self.admin_site.admin_view(require_POST(view))
            return path(f"saved/{pattern}", safe, name=self._page_name(name))

        return [
            page("", self.filter_save_view, "filter_save"),
            page("<int:filter_id>/", self.filter_change_view, "filter_change"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The list, with what is saved for it."""
        query = query_kept(request.GET.urlencode())
        saved = saved_filters_of(user=cast(User, request.user), model=self.opts.label_lower)
        context = {
            "saved_filters": saved,
            "saved_query": query,
            "saved_url": reverse(f"admin:{self._page_name('filter_save')}"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def filter_save_view(self, request: HttpRequest) -> HttpResponse:
        """Keeps what the list is filtered by."""
        return self._filter_step(
            request,
            lambda user: saved_filter_save(
                user=user,
                model=self.opts.label_lower,
                name=request.POST.get("name", ""),
                query=request.POST.get("query", ""),
                is_shared="is_shared" in request.POST,
            ),
        )

    def filter_change_view(self, request: HttpRequest, filter_id: int) -> HttpResponse:
        """Renames, shares or deletes one of the person's own."""
        if "delete" in request.POST:
            return self._filter_step(
                request, lambda user: saved_filter_delete(user=user, filter_id=filter_id)
            )
        return self._filter_step(
            request,
            lambda user: saved_filter_rename(
                user=user,
                filter_id=filter_id,
                name=request.POST.get("name", ""),
                is_shared="is_shared" in request.POST,
            ),
        )

    def _filter_step(self, request: HttpRequest, step: Callable[[User], Any]) -> HttpResponse:
        """Back to the list as it was."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        try:
            step(cast(User, request.user))
        except ServiceError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, _("Saved."))
        url = reverse(f"admin:{self._page_name('changelist')}")
        query = query_kept(request.POST.get("query", ""))
        return HttpResponseRedirect(f"{url}?{query}" if query else url)

    def _page_name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

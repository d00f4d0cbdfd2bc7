"""Lists of tables that grow without end: every page is a short walk along an index."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from apps.accounts.admin.base import StaffAdmin
from apps.accounts.admin.readonly import ReadOnlyAdmin

# A page is found by walking over those before it. Whoever would go further filters or searches.
PAGES_MAX: Final = 500


class LongPaginator(InfinitePaginator):
    """Pages of what nobody counts."""

    @property
    def count(self) -> int:
        return int(self.per_page) * PAGES_MAX


class LongList(StaffAdmin):
    """Newest first by primary key, never counted, sorted in no other way.

    What a filter or a search asks for must lead an index, for which a test looks at the plans. A
    subclass that can be searched says what people may type in `search_help_text`, and finds it
    in `rows_found`.
    """

    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    sortable_by: ClassVar[tuple[str, ...]] = ()
    paginator = LongPaginator
    show_full_result_count = False
    list_per_page = 50
    search_fields: ClassVar[tuple[str, ...]] = ()

    def rows_found(self, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Those of `rows` that somebody means who types `term`."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if term := search_term.strip():
            queryset = self.rows_found(queryset, term)
        return queryset, False


class LongListAdmin(LongList, ReadOnlyAdmin):
    """A long list of what only services write."""

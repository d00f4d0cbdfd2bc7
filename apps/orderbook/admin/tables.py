"""Tables that the engine fills with millions of rows: read by primary key, and never counted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.admin.finding import number_of, uuid_of
from apps.accounts.admin.lists import LongListAdmin
from apps.orderbook.ids import id_first, id_last, order_id_from_uuid
from apps.orderbook.models import Product


class MarketFilter(admin.SimpleListFilter):
    """One market's rows, which lie together in the primary key."""

    title = _("market")
    parameter_name = "market"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (str(pk), code)
            for pk, code in Product.objects.order_by("code").values_list("pk", "code")
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None or not value.isdecimal():
            return queryset
        return queryset.filter(pk__gte=id_first(int(value)), pk__lte=id_last(int(value)))


class LongTableAdmin(LongListAdmin):
    """Newest first, market by market. Found by its number or by the public name of an order."""

    list_filter = (MarketFilter,)
    search_fields = ("pk",)
    search_help_text = _("A number, or the id of an order as its owner sees it.")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.get_fields(request, obj)

    def rows_found(self, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        if name := uuid_of(term):
            return rows.filter(pk=order_id_from_uuid(name))
        return rows.filter(pk=number_of(term))

"""Files that bulk orders give back, over the API."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from apps.accounts.errors import NotFound
from apps.orderbook.api.base import DialectView, errors
from apps.orderbook.api.bulk_files import CSV
from apps.orderbook.api.bulk_orders import order_named
from apps.orderbook.bulk_downloads import lines_download, report_download
from apps.orderbook.models import BulkOrder


class _DownloadView(DialectView):
    """Gives a file; its errors are JSON like all others, whatever the caller accepts."""

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        renderer = self.renderer_classes[0]()
        return renderer, str(renderer.media_type)


class BulkOrderReportView(_DownloadView):
    """What is wrong with a bulk order's file."""

    @extend_schema(responses={(200, CSV): OpenApiTypes.STR, **errors(401, 403, 404)})
    def get(self, request: Request, bulk_order: str) -> StreamingHttpResponse:
        """The file as it came, with what is wrong in front of each line: corrected, it can be sent
        as it is. Only of an order that is refused."""
        order = order_named(request, bulk_order)
        if order.state != BulkOrder.State.REFUSED:
            raise NotFound(_("nothing is wrong with its lines"), code="report_not_found")
        return report_download(order)


class BulkOrderLinesView(_DownloadView):
    """What the lines of a bulk order got."""

    @extend_schema(responses={(200, CSV): OpenApiTypes.STR, **errors(401, 403, 404)})
    def get(self, request: Request, bulk_order: str) -> StreamingHttpResponse:
        """Every line: tonnes asked for, filled and retired, and its certificates."""
        return lines_download(order_named(request, bulk_order))

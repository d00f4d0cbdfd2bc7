"""What django_prometheus counts of a request, for those that do not go through its middleware."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from django.http import HttpRequest
from django_prometheus.middleware import Metrics


class Counts:
    """The same as both of its middleware count for a view that answers in JSON.

    What depends on the view alone is looked up once.
    """

    def __init__(self, *, view: str, method: str) -> None:
        metrics: Any = Metrics.get_instance()
        self._metrics: Final = metrics
        self._labels: Final = {"view": view, "method": method}
        self._each: Final = (
            metrics.requests_total,
            metrics.requests_by_method.labels(method=method),
            # What DRF's responses say of their template.
            metrics.responses_by_templatename.labels(templatename="None"),
            metrics.responses_by_charset.labels(charset="utf-8"),
            metrics.responses_total,
        )
        self._latency: Final = metrics.requests_latency_by_view_method.labels(**self._labels)

    def count(self, request: HttpRequest, *, status: int, told_bytes: int, since_s: float) -> None:
        """A request that came at `since_s` of `perf_counter` and was answered just now."""
        metrics, labels = self._metrics, self._labels
        for counter in self._each:
            counter.inc()
        transport = "https" if request.is_secure() else "http"
        metrics.requests_by_transport.labels(transport=transport).inc()
        metrics.requests_by_view_transport_method.labels(transport=transport, **labels).inc()
        if request.META.get("HTTP_X_REQUESTED_WITH") == "XMLHttpRequest":
            metrics.requests_ajax.inc()
        metrics.requests_body_bytes.observe(int(request.META.get("CONTENT_LENGTH") or 0))
        metrics.responses_by_status.labels(status=str(status)).inc()
        metrics.responses_by_status_view_method.labels(status=str(status), **labels).inc()
        metrics.responses_body_bytes.observe(told_bytes)
        took_s = perf_counter() - since_s
        self._latency.observe(took_s)
        metrics.requests_latency_before.observe(took_s)

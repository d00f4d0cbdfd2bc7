"""Every address of the site, by app."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.i18n import set_language

from apps.accounts.api.errors import api_not_found
from ccmarket import views
from ccmarket.health import healthz

admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("portfolio", views.portfolio, name="portfolio"),
    path("transparency", views.transparency, name="transparency"),
    path("language", set_language, name="set_language"),
    path("", include("apps.accounts.urls")),
    path("", include("apps.accounts.api.urls")),
    path("", include("apps.registry.urls")),
    path("", include("apps.registry.api.urls")),
    path("", include("apps.orderbook.urls")),
    path("", include("apps.orderbook.api.urls")),
    path("", include("apps.nft.urls")),
    path("", include("apps.nft.api.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("", include("django_prometheus.urls")),
    # Last: what is not there is refused in the API's own shape.
    re_path(r"^api/", api_not_found),
]

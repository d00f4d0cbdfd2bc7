"""Addresses of the registry's API, beside those of the trading API."""

from __future__ import annotations

from django.urls import include, path

from apps.registry.api import (
    credits,
    projects,
    retirements,
    serials,
    taxonomy,
    withdrawals,
)

v1 = [
    path("projects", projects.ProjectsView.as_view()),
    path("projects/<str:code>", projects.ProjectView.as_view()),
    path("credits", credits.CreditsView.as_view()),
    path("credits/<str:code>", credits.CreditView.as_view()),
    path("types", taxonomy.TypesView.as_view()),
    path("labels", taxonomy.LabelsView.as_view()),
    path("ratings", taxonomy.RatingsView.as_view()),
    path("serials/<path:serial>", serials.SerialView.as_view()),
    path("retirements", retirements.RetirementsView.as_view()),
    path("withdrawals", withdrawals.WithdrawalsView.as_view()),
    path("withdrawals/<uuid:withdrawal>", withdrawals.WithdrawalView.as_view()),
    path("certificates/<str:number>", retirements.CertificateView.as_view()),
]

urlpatterns = [path("api/v1/", include(v1))]

"""Addresses of projects, certificates and serials."""

from __future__ import annotations

from django.urls import path

from apps.registry.views import catalogue, certificates, documents, retire, serials, withdrawals

urlpatterns = [
    path("projects", catalogue.projects, name="projects"),
    path("projects/<str:code>", catalogue.project, name="project"),
    path("certificates/<str:number>.pdf", certificates.pdf, name="certificate_pdf"),
    path("certificates/<str:number>", certificates.certificate, name="certificate"),
    path("retire", retire.retire, name="retire"),
    path("withdrawals", withdrawals.withdrawals, name="withdrawals"),
    path("withdrawals/new", withdrawals.withdraw, name="withdraw"),
    path("withdrawals/<uuid:public_id>", withdrawals.withdrawal, name="withdrawal"),
    path("withdrawals/<uuid:public_id>/cancel", withdrawals.cancel, name="withdrawal_cancel"),
    path(
        "documents/withdrawals/<int:pk>", documents.withdrawal_document, name="withdrawal_document"
    ),
    path(
        "documents/confirmations/<int:pk>",
        documents.confirmation_document,
        name="confirmation_document",
    ),
    path("serials", serials.serials, name="serials"),
    path("serials/<path:serial>", serials.serial, name="serial"),
]

"""Addresses of projects, certificates and serials."""

from __future__ import annotations

from django.urls import path

from apps.registry.views import catalogue, certificates, retire, serials

urlpatterns = [
    path("projects", catalogue.projects, name="projects"),
    path("projects/<str:code>", catalogue.project, name="project"),
    path("certificates/<str:number>.pdf", certificates.pdf, name="certificate_pdf"),
    path("certificates/<str:number>", certificates.certificate, name="certificate"),
    path("retire", retire.retire, name="retire"),
    path("serials", serials.serials, name="serials"),
    path("serials/<path:serial>", serials.serial, name="serial"),
]

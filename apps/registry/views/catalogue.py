"""Projects."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.registry import browse
from apps.registry.picture import durability_of, grants_of

PROJECTS_PER_PAGE = 30


@require_safe
def projects(request: HttpRequest) -> HttpResponse:
    """All projects, narrowed by name, country and type."""
    search = browse.ProjectSearch(
        text=request.GET.get("q", "").strip(),
        country=request.GET.get("country", ""),
        registry=request.GET.get("registry", ""),
        type=request.GET.get("type", ""),
    )
    pages = Paginator(browse.projects_search(search), PROJECTS_PER_PAGE)
    context = {"search": search, "page": pages.get_page(request.GET.get("page"))}
    if request.headers.get("HX-Target") == "results":
        return render(request, "registry/_projects.html", context)
    context |= {
        "countries": browse.countries_of_projects(),
        "registries": browse.registries_of_projects(),
        "types": browse.types_of_projects(),
    }
    return render(request, "registry/projects.html", context)


@require_safe
def project(request: HttpRequest, code: str) -> HttpResponse:
    """One project: its facts, vintages, serial blocks, markets and retirements."""
    found = browse.project_by_code(code)
    vintages = browse.vintages_of(found)
    context = {
        "project": found,
        "further": browse.further_of(found),
        "durability_years": durability_of(found),
        "grants": grants_of(found),
        "vintages": vintages,
        "is_issuance_known": any(vintage.issued_tonnes for vintage in vintages),
        "blocks": browse.blocks_here(found),
        "retirements": browse.retirements_latest(found),
    }
    return render(request, "registry/project.html", context)

"""The public record, for everybody: the days that were fixed on chain, and proofs."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.acting import acting
from apps.accounts.units import amount_text
from apps.nft.models import DayAnchor
from apps.nft.selectors import anchors as reads
from apps.nft.selectors.balances import shares_of
from apps.nft.services.anchors import day_number
from apps.nft.units import day_of

ROWS_PER_PAGE = 50


@require_safe
def record(request: HttpRequest) -> HttpResponse:
    """Every day and its root."""
    pages = Paginator(reads.anchors_latest(), ROWS_PER_PAGE)
    context = {
        "page": pages.get_page(request.GET.get("page")),
        "contract": reads.anchor_contract(),
    }
    return render(request, "nft/record.html", context)


@require_safe
def record_day(request: HttpRequest, day: str) -> HttpResponse:
    """One day; `?kind=&name=` shows the proof of one of its entries."""
    anchor = _anchor(day)
    proof = None
    if name := request.GET.get("name"):
        proof = reads.proof_of(anchor, kind=request.GET.get("kind", ""), name=name)
        if proof is None:
            raise Http404(name)
    pages = Paginator(anchor.leaves.order_by("kind", "name"), ROWS_PER_PAGE)
    context = {
        "anchor": anchor,
        "number": day_number(anchor.day),
        "proof": proof,
        "page": pages.get_page(request.GET.get("page")),
    }
    return render(request, "nft/record_day.html", context)


@login_required
@never_cache
@require_safe
def record_balances(request: HttpRequest, day: str) -> HttpResponse:
    """The owner's own balances in a day's trees; `?format=json` is the file for the verifier."""
    anchor = _anchor(day)
    shares = shares_of(anchor, acting(request).owner)
    if request.GET.get("format") == "json":
        name = f'attachment; filename="balances-{anchor}.json"'
        bodies = [share.body for share in shares]
        return JsonResponse(bodies, safe=False, headers={"Content-Disposition": name})
    rows = [(share, amount_text(share.amount, share.asset)) for share in shares]
    context = {"anchor": anchor, "rows": rows}
    return render(request, "nft/record_balances.html", context)


def _anchor(day: str) -> DayAnchor:
    known = day_of(day)
    anchor = reads.anchor_of_day(known) if known else None
    if anchor is None:
        raise Http404(day)
    return anchor

"""Looking up a serial number, and the public trace of its grams."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.registry.picture import labels_of_block
from apps.registry.refusals import SerialRefused
from apps.registry.reported import inside, reported_of, without_block
from apps.registry.selectors import (
    Trace,
    blocks_with_number,
    retirement_by_number,
    step_of,
    traces_of,
)
from apps.registry.serials import parse
from apps.registry.wording import grouped

BLOCKS_SHOWN_MAX = 50
STEPS_PER_PAGE = 50
NUMBER_DIGITS_MAX = 15


@require_safe
def serials(request: HttpRequest) -> HttpResponse:
    """Finds a certificate by its number, a serial as a registry writes it, or a bare number."""
    text = request.GET.get("q", "").strip()
    context: dict[str, object] = {"text": text}
    if text:
        if retirement := retirement_by_number(text.upper()):
            return redirect("certificate", retirement.number)
        if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX:
            context |= {"number": int(text), "blocks": _blocks(int(text))}
        else:
            try:
                if found := traces_of(text) or reported_of(text):
                    return redirect("serial", found[0].serial)
            except SerialRefused as refusal:
                context["refusal"] = refusal
            context["is_unknown"] = True
    return render(request, "registry/serials.html", context)


@require_safe
def serial(request: HttpRequest, serial: str) -> HttpResponse:
    """The life of the grams of one serial, or of a run of serials."""
    try:
        traces, reported = traces_of(serial), reported_of(serial)
    except SerialRefused as refusal:
        raise Http404(serial) from refusal
    if not traces and not reported:
        raise Http404(serial)
    if not traces:
        return render(
            request,
            "registry/serial_reported.html",
            {"serial": parse(serial), "reported": reported, "project": reported[0].entry.project},
        )
    shown = traces[0]
    pages = Paginator(shown.events.order_by("-at", "-id"), STEPS_PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "trace": shown,
        "others": traces[1:],
        "standing": _standing(shown),
        "label_groups": grouped(labels_of_block(shown.block)),
        "page": page,
        "steps": [step_of(event) for event in page],
        "reported": inside(reported, shown),
        "unlisted": without_block(reported, traces),
    }
    return render(request, "registry/serial.html", context)


def _blocks(number: int) -> list[tuple[object, str]]:
    """Blocks that have this number, each with the number's full serial."""
    return [
        (block, str(parse(block.serial).part(number, number)))
        for block in blocks_with_number(number)[:BLOCKS_SHOWN_MAX]
    ]


def _standing(trace: Trace) -> list[tuple[str, int, int]]:
    """State, grams and hundredths of a percent of the whole, for the bar; in the order of life."""
    order = ("issued", "immobilised", "tokenised", "reserved", "retired", "withdrawn", "cancelled")
    return [
        (state, trace.standing[state], trace.standing[state] * 10_000 // trace.citation.grams)
        for state in order
        if trace.standing.get(state)
    ]

"""What a token's URI answers: ERC-721 metadata, and a card that shows the tonne."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.nft.models import Token
from apps.nft.selectors.tokens import token_by_id

# What wallets show of a token changes only when it is redeemed or retired.
MAX_AGE_S = 60


@require_safe
@cache_control(public=True, max_age=MAX_AGE_S)
def token_metadata(request: HttpRequest, token_id: int) -> HttpResponse:
    """The metadata JSON of ERC-721, with attributes as marketplaces read them."""
    token = _token(token_id)
    block = token.block
    assert block is not None, "only tokens of our blocks have metadata"
    project = block.vintage.project
    attributes: dict[str, Any] = {
        "Registry": project.registry.name,
        "Project": project.code,
        "Vintage": block.vintage.year,
        "Country": project.country.name or "–",
        "Serial": token.serial_number,
        "Block": block.whole_serial,
        "Issued": block.issued_on.isoformat() if block.issued_on else "–",
        "State": token.get_state_display(),
    }
    body = {
        "name": f"{project.code} {block.vintage.year} · {token.serial_number}",
        "description": f"One tonne of CO2e: {project.name}, serial {token.serial_number}.",
        "image": settings.BASE_URL + reverse("token_card", args=(token_id,)),
        "attributes": [{"trait_type": name, "value": value} for name, value in attributes.items()],
    }
    response = JsonResponse(body)
    # Wallets in browsers fetch it from everywhere.
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
@cache_control(public=True, max_age=MAX_AGE_S)
def token_card(request: HttpRequest, token_id: int) -> HttpResponse:
    """The tonne as a picture."""
    context = {"token": _token(token_id)}
    return render(request, "nft/card.svg", context, content_type="image/svg+xml")


def _token(token_id: int) -> Token:
    found = token_by_id(token_id)
    if found is None or found.block is None:
        raise Http404(str(token_id))
    return found

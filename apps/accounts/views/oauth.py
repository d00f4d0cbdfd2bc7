"""The endpoints of OAuth 2: the page that asks for consent, tokens, and their revocation.

Their errors are those of RFC 6749: its clients know no others.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.forms import AllowForm
from oauth2_provider.models import Application
from oauth2_provider.views import AuthorizationView, RevokeTokenView, TokenView
from oauthlib.oauth2 import InvalidRequestError

from apps.accounts.acting import ALL_SCOPES, TRANSFER, acting
from apps.accounts.errors import NotFound
from apps.accounts.limits.throttle import TooManyRequests, charge_stranger
from apps.accounts.models import User
from apps.accounts.oauth.consents import consent_give
from apps.accounts.second_factor import second_factor_ask

# SHA-256 in base64 without its padding.
S256: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class ConsentView(AuthorizationView):
    """Asks a person whether an app may act for them, or for whom they act for."""

    template_name = "accounts/app_consent.html"

    def create_authorization_response(
        self, request: HttpRequest, scopes: str, credentials: dict[str, Any], allow: bool
    ) -> Any:
        _challenge_check(credentials)
        if allow:
            consent_give(
                user=cast(User, request.user),
                application=_application(credentials["client_id"]),
                owner=acting(request).owner,
                scopes=ALL_SCOPES & {*scopes.split()},
            )
        return super().create_authorization_response(request, scopes, credentials, allow)

    def validate_authorization_request(self, request: HttpRequest) -> Any:
        scopes, credentials = super().validate_authorization_request(request)
        _challenge_check(credentials)
        return scopes, credentials

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = acting(self.request)
        context: dict[str, Any] = super().get_context_data(**kwargs)
        asked = context.get("scopes", [])
        descriptions = zip(asked, context.get("scopes_descriptions", []), strict=True)
        return {
            **context,
            "acting": now,
            "asked": [(scope, text, scope in now.scopes) for scope, text in descriptions],
            "goes_to": urlsplit(context.get("redirect_uri", "")).netloc,
        }

    def form_valid(self, form: AllowForm) -> HttpResponse:
        _application(form.cleaned_data["client_id"])
        asks_to_move = form.cleaned_data["allow"] and TRANSFER in form.cleaned_data["scope"].split()
        if asks_to_move and (asked := second_factor_ask(self.request)):
            return asked
        answer: HttpResponse = super().form_valid(form)
        return answer

    def render_to_response(self, context: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().render_to_response(context, **kwargs)
        add_never_cache_headers(answer)
        # Browsers hold a form's redirect to the policy too: it leads back to the app.
        parts = urlsplit(context.get("redirect_uri") or "")
        if parts.netloc:
            origin = f"{parts.scheme}://{parts.netloc}"
            answer._csp_update = {"form-action": [origin]}  # type: ignore[attr-defined]
        return answer


def _application(client_id: str) -> Application:
    found = Application.objects.filter(client_id=client_id).first()
    if found is None:
        raise NotFound(_("There is no such app."))
    return found


def _challenge_check(credentials: dict[str, Any]) -> None:
    """S256 and nothing else (RFC 9700): the library lets an empty challenge pass."""
    challenge = credentials.get("code_challenge") or ""
    if credentials.get("code_challenge_method") != "S256" or not S256.fullmatch(challenge):
        error = InvalidRequestError(
            description="Send a code_challenge with the method S256.",
            state=credentials.get("state"),
        )
        raise OAuthToolkitError(error=error, redirect_uri=credentials["redirect_uri"])


class LimitedMixin:
    """Whoever guesses does so out of their address's bucket."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            charge_stranger(request)
        except TooManyRequests as refused:
            body = {"error": "temporarily_unavailable", "error_description": refused.wording}
            return JsonResponse(body, status=429, headers={"Retry-After": str(refused.wait_s)})
        return super().dispatch(request, *args, **kwargs)


class LimitedTokenView(LimitedMixin, TokenView):
    """A code, or a refresh token, for tokens."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Theirs would take the flow of devices as well, which we do not offer.
        answer: HttpResponse = self.authorization_flow_token_response(request)
        return answer


class LimitedRevokeView(LimitedMixin, RevokeTokenView):
    """Ends a token (RFC 7009)."""

"""Apps that developers register: programs that ask people for their consent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import Application

from apps.accounts.errors import Conflict, ServiceError
from apps.accounts.models import User

APPS_PER_PERSON_MAX: Final = 20
ADDRESSES_MAX: Final = 10
NAME_CHARS_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app with what is shown only now; a program that cannot keep a secret has none."""

    application: Application
    secret: str


def app_create(*, user: User, name: str, addresses: Iterable[str], keeps_secret: bool) -> NewApp:
    """An app that may send people back to `addresses`, and to none else.

    Raises ServiceError for a bad name or address, Conflict `too_many_apps`.
    """
    name, wanted = name.strip(), list(dict.fromkeys(addresses))
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
        raise ServiceError(_("Give the app a name."), field="name")
    if not 0 < len(wanted) <= ADDRESSES_MAX:
        raise ServiceError(
            _("Name 1 to %(count)d addresses.") % {"count": ADDRESSES_MAX}, field="addresses"
        )
    for address in wanted:
        _address_check(address)
    if apps_of(user).count() >= APPS_PER_PERSON_MAX:
        raise Conflict(_("There are too many apps. Delete one first."), code="too_many_apps")
    secret = generate_client_secret() if keeps_secret else ""
    application = Application(
        user=user,
        name=name,
        redirect_uris=" ".join(wanted),
        client_type=Application.CLIENT_CONFIDENTIAL if keeps_secret else Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        client_secret=secret,
    )
    try:
        application.full_clean()
    except ValidationError as error:
        raise ServiceError("; ".join(error.messages), field="addresses") from error
    application.save()
    return NewApp(application, secret)


def app_delete(*, application: Application) -> None:
    """Nobody's consent to it is worth anything any more."""
    application.delete()


def apps_of(user: User) -> QuerySet[Application]:
    """The apps that the person registered, newest first."""
    found: QuerySet[Application] = Application.objects.filter(user=user).order_by("-pk")
    return found


def _address_check(text: str) -> None:
    """Https, or plain http to the very machine (RFC 8252, for programs without a server)."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    is_here = parts.scheme == "http" and _is_loopback(host)
    if not (host and text.isascii() and text.isprintable() and not parts.fragment) or not (
        parts.scheme == "https" or is_here
    ):
        raise ServiceError(
            _("%(text)s is no address that people can be sent back to. Write it with https://.")
            % {"text": text[:100]},
            field="addresses",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

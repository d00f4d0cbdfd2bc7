"""Which addresses a webhook may lead to: public ones, and none of our own network.

A name is resolved where it is connected to, and what it was resolved to is what is connected to:
a name that answers differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from apps.accounts.errors import ServiceError

URL_CHARS_MAX: Final = 500
Address = IPv4Address | IPv6Address

# What an IPv6 address may carry inside: NAT64, 6to4 and Teredo lead to IPv4 addresses.
_TUNNELS: Final = tuple(ip_network(text) for text in ("64:ff9b::/96", "2002::/16", "2001::/32"))


class AddressRefused(ServiceError):
    """The address is not public, or is none."""

    code = "webhook_address_refused"


def url_check(url: str) -> None:
    """Asks the resolver: never inside a transaction. Raises AddressRefused."""
    parts = _parts(url)
    assert parts.hostname is not None
    addresses_resolve(parts.hostname, parts.port or 443)


def addresses_resolve(host: str, port: int) -> list[str]:
    """What the host's name means now. Raises AddressRefused when any of it is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _refusal(_("There is no such host. Check the address.")) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        if not is_public(ip_address(text.partition("%")[0])):
            raise _refusal(_("Webhooks go to public addresses only."))
    return addresses


def is_public(address: Address) -> bool:
    """Reachable from the whole internet, and not by way of something that is inside."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in ip_network(text) for text in settings.WEBHOOK_ALLOWED_NETWORKS):
        return True
    if any(address.version == net.version and address in net for net in _TUNNELS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise _refusal(_("This is not an address.")) from None
    schemes = {"https", "http"} if settings.WEBHOOK_ALLOWED_NETWORKS else {"https"}
    if parts.scheme not in schemes or not host or len(url) > URL_CHARS_MAX:
        raise _refusal(_("Give an address that begins with https://."))
    if parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable():
        raise _refusal(_("Leave out names, passwords and fragments, and encode other characters."))
    return parts


def _refusal(message: str) -> AddressRefused:
    return AddressRefused(message, field="url")

"""IP networks that a key may be used from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from django.utils.translation import gettext as _

from apps.accounts.errors import ServiceError

NETWORKS_MAX: Final = 20


def networks_read(text: str) -> list[str]:
    """Networks out of what a person wrote, by commas, spaces or lines; an address is one too.

    Raises ServiceError on the first that is none.
    """
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    if len(parts) > NETWORKS_MAX:
        raise ServiceError(
            _("Name at most %(count)d networks.") % {"count": NETWORKS_MAX},
            field="allowed_networks",
        )
    return [_network_read(part) for part in parts]


def _network_read(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ServiceError(
            _("%(text)s is no address or network. Write it like 203.0.113.0/24.")
            % {"text": text[:60]},
            field="allowed_networks",
        ) from None


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Is the address in one of them? An IPv4 address may come dressed as IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in _network(text) for text in networks)


@lru_cache(maxsize=1000)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)

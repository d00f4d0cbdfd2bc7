"""Settings from the environment. A value that cannot be read stops the start with its name."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable, or the default; without either the start fails."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """A yes or no: 1/0, true/false, yes/no, on/off."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def number(name: str, default: int) -> int:
    """A whole number."""
    value = os.environ.get(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def listing(name: str, default: str = "") -> list[str]:
    """Values separated by commas."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def rates(name: str) -> dict[str, int]:
    """Rates in 1/10,000 by a country's two letters, like `DE=1900,FR=2000`."""
    found = {}
    for entry in listing(name):
        country, _equals, rate = entry.partition("=")
        if not (len(country) == 2 and country.isupper() and rate.isdecimal()):
            raise ImproperlyConfigured(f"{name} must be like DE=1900,FR=2000, not {entry!r}.")
        found[country] = int(rate)
    return found

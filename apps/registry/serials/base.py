"""What every registry's serial numbers have in common.

A registry gives each tonne a number inside a *series*: the key within which no number is given
twice. A `Serial` is a run of them, `first` to `last` inclusive, as one line of an export holds
it. One module per registry knows the spelling; the rest of the program knows only this.
"""

from typing import Protocol, Self

from apps.registry.refusals import SerialRefused


class Serial(Protocol):
    """A run of serial numbers of one registry. Immutable; equal when every part is equal."""

    @property
    def registry(self) -> str:
        """The registry's slug, such as `verra`."""

    @property
    def series(self) -> str:
        """The key within which the registry never gives a number twice."""

    @property
    def first(self) -> int:
        """The lowest serial number; a few series count from 0, all others from 1."""

    @property
    def last(self) -> int:
        """The highest serial number, `first` or more."""

    @property
    def numbers_below(self) -> int:
        """What the numbers of its series stay below for ever: how much room a series is given."""

    @property
    def quantity(self) -> int:
        """How many serial numbers: tonnes CO2e, except where a registry counts kilograms."""

    @property
    def project(self) -> str:
        """The project's number in its registry, without any prefix."""

    @property
    def country(self) -> str | None:
        """ISO 3166-1 alpha-2, where the serial says it."""

    @property
    def vintage_year(self) -> int | None:
        """The year that the registry calls the vintage, where the serial says it."""

    def part(self, first: int, last: int) -> Self:
        """The serial of the numbers `first` to `last`, which lie inside this one."""

    def __str__(self) -> str:
        """The registry's own spelling; parsing it gives an equal serial."""


class Grammar(Protocol):
    """One registry's spelling of serial numbers."""

    @property
    def registry(self) -> str: ...

    def recognises(self, text: str) -> bool:
        """Whether `text` is meant as a serial of this registry, well formed or not."""

    def parse(self, text: str) -> Serial:
        """The serial that `text` spells. Raises `SerialRefused`."""


def check_range(first: int, last: int, *, below: int, least: int = 1) -> None:
    """Raise `SerialRefused` unless least <= first <= last < below."""
    if not least <= first <= last < below:
        raise SerialRefused("serial_range", first=first, last=last, below=below, least=least)


def check_inside(serial: Serial, first: int, last: int) -> None:
    """Raise `SerialRefused` unless `first` to `last` lies inside `serial`."""
    if not serial.first <= first <= last <= serial.last:
        raise SerialRefused(
            "serial_range", first=first, last=last, below=serial.last + 1, least=serial.first
        )

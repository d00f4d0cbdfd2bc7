"""What a row of a registry's file says, whichever registry it is."""

from dataclasses import dataclass
from datetime import date

from apps.registry.serials import Serial


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """A project as a row of the registry names it. `country` is ISO 3166-1 alpha-2."""

    number: str
    name: str
    country: str
    project_type: str
    methodologies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """A retirement or cancellation at the registry; some registries do not say which."""

    on: date
    beneficiary: str
    reason: str
    details: str


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A run of credits that the registry issued, and how it ended if it did.

    `line` is the physical line of the file; `vintage_tonnes` is what the registry issued in all
    for the monitoring period `vintage_start` to `vintage_end`, None where the file does not say.
    """

    line: int
    serial: Serial
    project: ProjectFacts
    vintage_start: date
    vintage_end: date
    vintage_tonnes: int | None
    issued_on: date | None
    certifications: tuple[str, ...]
    ending: Ending | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that does not go in: its line, a stable code, a sentence, and its text."""

    line: int
    code: str
    message: str
    text: str

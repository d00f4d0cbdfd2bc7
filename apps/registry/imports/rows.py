"""What a row of a registry's file says, whichever registry it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from apps.registry.serials import Serial


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """A project as a row of the registry names it. `country` is ISO 3166-1 alpha-2.

    `sdgs` are the numbers of Sustainable Development Goals, `further` what else a list of projects
    says, by the names of `further.py`. What the row does not say is empty, and leaves what is
    known already as it is.
    """

    number: str
    name: str
    country: str
    project_type: str = ""
    methodologies: tuple[str, ...] = ()
    proponent: str = ""
    status: str = ""
    kind: str = ""
    description: str = ""
    crediting_start: date | None = None
    crediting_end: date | None = None
    afolu_activities: tuple[str, ...] = ()
    sdgs: tuple[int, ...] = ()
    region: str = ""
    location: str = ""
    website: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    registered_on: date | None = None
    estimated_annual_tonnes: int | None = None
    further: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VintageFacts:
    """A monitoring period and the year that its credits are called after.

    `issued_tonnes` is what the registry issued for it in all, None where the row does not say.
    """

    start: date
    end: date
    year: int
    issued_tonnes: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """A retirement or cancellation at the registry; some registries do not say which."""

    on: date
    beneficiary: str = ""
    reason: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A run of credits that the registry issued, and how it ended if it did.

    `line` is the physical line of the file on which the row starts. `certifications` are labels
    in the registry's words.
    """

    line: int
    serial: Serial
    project: ProjectFacts
    vintage: VintageFacts
    issued_on: date | None
    certifications: tuple[str, ...]
    ending: Ending | None


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project by itself, as a registry's list of projects has it. `registry` is a slug."""

    line: int
    registry: str
    project: ProjectFacts


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An issuance without serials, or a retirement or cancellation with or without.

    `kind` is one of `RegistryEntry.Kind`. `reference` names the entry: if `is_reference_own`, the
    registry gives it once; else entries that share it are told apart by their quantities.
    Some registries do not say on which day a credit was cancelled. `labels` are in the registry's
    words; `buffer_grams` is how much of an issuance went to a buffer pool, None where not said.
    """

    line: int
    registry: str
    kind: str
    reference: str
    is_reference_own: bool
    serial: Serial | None
    project: ProjectFacts
    on: date | None
    grams: int
    year: int | None = None
    period_start: date | None = None
    period_end: date | None = None
    beneficiary: str = ""
    reason: str = ""
    details: str = ""
    labels: tuple[str, ...] = ()
    buffer_grams: int | None = None


@dataclass(frozen=True, slots=True)
class HoldingRow:
    """A run of credits on an account at the registry, as a statement of the account lists it."""

    line: int
    serial: Serial
    project: ProjectFacts
    account: str
    account_name: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that does not go in: its line, a stable code, a sentence, and its text."""

    line: int
    code: str
    message: str
    text: str


ReadRow = BlockRow | ProjectRow | EntryRow | HoldingRow

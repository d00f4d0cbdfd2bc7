"""What the API answers, with types. Amounts are in tonnes of CO2e, exact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list. `after` asks for the next page; None where this is the last."""

    items: Sequence[T]
    after: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Vintage:
    """A monitoring period. `credit` is what trades of it, if anything does."""

    start: date
    end: date
    year: int
    issued_tonnes: int | None
    credit: str | None

    @classmethod
    def read(cls, told: Json) -> Vintage:
        start, end = date.fromisoformat(told["start"]), date.fromisoformat(told["end"])
        return cls(start, end, told["year"], told["issued_tonnes"], told["credit"])


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its registry describes it. `vintages` only where one project was asked for."""

    code: str
    registry: str
    registry_url: str
    name: str
    proponent: str
    kind: str
    methodologies: Sequence[str]
    country: str
    status: str
    description: str
    vintages: Sequence[Vintage] = ()

    @classmethod
    def read(cls, told: Json) -> Project:
        names = (
            "code", "registry", "registry_url", "name", "proponent", "kind", "methodologies",
            "country", "status", "description",
        )  # fmt: skip
        vintages = [Vintage.read(one) for one in told.get("vintages", ())]
        return cls(**{name: told[name] for name in names}, vintages=vintages)


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit class and where its tonnes are."""

    code: str
    project: str
    year: int
    received: Decimal
    free: Decimal
    tokenised: Decimal
    retired: Decimal

    @classmethod
    def read(cls, told: Json) -> Credit:
        amounts = {n: Decimal(told[n]) for n in ("received", "free", "tokenised", "retired")}
        return cls(told["code"], told["project"], told["year"], **amounts)


@dataclass(frozen=True, slots=True)
class Citation:
    """Serials `first` to `last` of a block, from the first's gram to the last's."""

    serial: str
    block: str
    first: int
    last: int
    gram_from: int
    gram_to: int
    amount: Decimal

    @classmethod
    def read(cls, told: Json) -> Citation:
        names = ("serial", "block", "first", "last", "gram_from", "gram_to")
        return cls(**{name: told[name] for name in names}, amount=Decimal(told["amount"]))


@dataclass(frozen=True, slots=True)
class Retirement:
    """Credits consumed for good, on behalf of a beneficiary."""

    number: str
    credit: str
    amount: Decimal
    beneficiary: str
    message: str
    retired_at: datetime
    registry_confirmed_at: datetime | None
    certificate_url: str
    pdf_url: str

    @classmethod
    def read(cls, told: Json) -> Retirement:
        return cls(**_retirement(told))


@dataclass(frozen=True, slots=True)
class Certificate(Retirement):
    """The same with every serial that it cites."""

    project: str
    project_name: str
    vintage_year: int
    citations: Sequence[Citation]

    @classmethod
    def read(cls, told: Json) -> Certificate:
        more = {name: told[name] for name in ("project", "project_name", "vintage_year")}
        citations = [Citation.read(one) for one in told["serials"]]
        return cls(**_retirement(told), **more, citations=citations)


def _retirement(told: Json) -> dict[str, Any]:
    names = ("number", "credit", "beneficiary", "message", "certificate_url", "pdf_url")
    return {
        **{name: told[name] for name in names},
        "amount": Decimal(told["amount"]),
        "retired_at": datetime.fromisoformat(told["retired_at"]),
        "registry_confirmed_at": _moment(told["registry_confirmed_at"]),
    }


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """Something that happened to serials. `reference` is what it is called where it happened."""

    kind: str
    at: datetime
    reference: str
    serial: str
    amount: Decimal

    @classmethod
    def read(cls, told: Json) -> TraceEvent:
        at, amount = datetime.fromisoformat(told["at"]), Decimal(told["amount"])
        return cls(told["kind"], at, told["reference"], told["serial"], amount)


@dataclass(frozen=True, slots=True)
class Trace:
    """The serials of one block: where its tonnes are, and what happened to them, newest first."""

    serial: str
    block: str | None
    project: str
    vintage_year: int | None
    issued_on: date | None
    standing: Mapping[str, Decimal]
    events: Sequence[TraceEvent]

    @classmethod
    def read(cls, told: Json) -> Trace:
        return cls(
            **{name: told[name] for name in ("serial", "block", "project", "vintage_year")},
            issued_on=_day(told["issued_on"]),
            standing={state: Decimal(amount) for state, amount in told["standing"].items()},
            events=[TraceEvent.read(one) for one in told["events"]],
        )


@dataclass(frozen=True, slots=True)
class Contract:
    """Where NFTs are. `account` is to whom what is redeemed goes."""

    chain_id: int
    address: str
    account: str

    @classmethod
    def read(cls, told: Json) -> Contract:
        return cls(told["chain_id"], told["address"], told["account"])


@dataclass(frozen=True, slots=True)
class Token:
    """One tonne in one of the account's wallets."""

    token_id: int
    serial: int
    block: str | None
    owner_address: str

    @classmethod
    def read(cls, told: Json) -> Token:
        return cls(int(told["token_id"]), told["serial"], told["block"], told["owner_address"])


@dataclass(frozen=True, slots=True)
class Mint:
    """One mint of one contiguous range of serials."""

    id: str
    state: str
    block: str
    first_serial: int
    tonnes: int
    first_token_id: int
    transaction: str | None
    failure: str

    @property
    def is_over(self) -> bool:
        return self.state in ("final", "failed")

    @classmethod
    def read(cls, told: Json) -> Mint:
        names = ("id", "state", "block", "first_serial", "tonnes", "transaction", "failure")
        token = int(told["first_token_id"])
        return cls(**{name: told[name] for name in names}, first_token_id=token)


@dataclass(frozen=True, slots=True)
class MintRequest:
    """Tonnes that are taken out to a wallet."""

    id: str
    credit_class: str
    tonnes: int
    to_address: str
    created_at: datetime
    mints: Sequence[Mint]

    @property
    def is_over(self) -> bool:
        return all(mint.is_over for mint in self.mints)

    @classmethod
    def read(cls, told: Json) -> MintRequest:
        names = ("id", "credit_class", "tonnes", "to_address")
        created_at = datetime.fromisoformat(told["created_at"])
        mints = [Mint.read(one) for one in told["mints"]]
        return cls(**{n: told[n] for n in names}, created_at=created_at, mints=mints)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of events. `secret` only in the answer that makes or rotates it."""

    id: str
    url: str
    events: Sequence[str]
    created_at: datetime
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, told: Json) -> Webhook:
        created_at = datetime.fromisoformat(told["created_at"])
        return cls(told["id"], told["url"], told["events"], created_at, told.get("secret"))

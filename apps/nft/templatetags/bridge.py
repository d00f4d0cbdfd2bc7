"""How far a mint is, in templates."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from apps.nft.models import BridgeIntent, ChainTransaction
from apps.nft.selectors.tokens import carrying_transaction

register = template.Library()

_ORDER = (*BridgeIntent.OPEN_STATES, BridgeIntent.State.FINAL)


@dataclass(frozen=True, slots=True)
class ProgressStep:
    """One state on the way, `done`, `now` or `later`."""

    label: str
    standing: str


@register.filter
def progress(intent: BridgeIntent) -> list[ProgressStep]:
    """The states from queued to final, and where the intent is."""
    place = _ORDER.index(BridgeIntent.State(intent.state))
    is_final = intent.state == BridgeIntent.State.FINAL
    return [
        ProgressStep(
            label=str(state.label),
            standing="done" if index < place or is_final else "now" if index == place else "later",
        )
        for index, state in enumerate(_ORDER)
    ]


@register.filter
def last_serial(intent: BridgeIntent) -> int:
    """The last serial of the range that the intent mints."""
    return intent.first_serial + intent.tonnes - 1


@register.filter
def carried_by(intent: BridgeIntent) -> ChainTransaction | None:
    """The transaction that carries it: the mined one, else the newest that was sent."""
    return carrying_transaction(intent)

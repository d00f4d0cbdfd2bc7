"""Serial numbers of every registry: `parse(text)` finds out whose they are."""

from apps.registry.refusals import SerialRefused
from apps.registry.serials.base import Grammar, Serial
from apps.registry.serials.cercarbono import CercarbonoGrammar
from apps.registry.serials.gold_standard import GoldStandardGrammar
from apps.registry.serials.isometric import IsometricGrammar
from apps.registry.serials.prefixed import ACR, ART, CAR
from apps.registry.serials.puro import PuroGrammar
from apps.registry.serials.verra import VerraGrammar

GRAMMARS: tuple[Grammar, ...] = (
    VerraGrammar(),
    GoldStandardGrammar(),
    ACR,
    CAR,
    ART,
    CercarbonoGrammar(),
    PuroGrammar(),
    IsometricGrammar(),
)

__all__ = ["GRAMMARS", "Grammar", "Serial", "grammar_of", "parse"]


def grammar_of(registry: str) -> Grammar:
    """The grammar of the registry with this slug. Raises `KeyError`."""
    return next(g for g in GRAMMARS if g.registry == registry)


def parse(text: str, *, registry: str | None = None) -> Serial:
    """The serial that `text` spells, in the grammar of `registry` or of whoever recognises it.

    Raises `SerialRefused`: `serial_unknown` where no registry writes anything like it.
    """
    if registry is not None:
        return grammar_of(registry).parse(text)
    if not text.strip():
        raise SerialRefused("serial_empty")
    for grammar in GRAMMARS:
        if grammar.recognises(text):
            return grammar.parse(text)
    raise SerialRefused("serial_unknown", text=text.strip()[:100])

"""Gold Standard's registry: its own serial numbers, and the CERs that it labels."""

from apps.registry.serials import cer
from apps.registry.serials.base import Serial
from apps.registry.serials.prefixed import GOLD_STANDARD


class GoldStandardGrammar:
    """Reads either form; see `prefixed` and `cer` for their parts."""

    registry = cer.REGISTRY

    def recognises(self, text: str) -> bool:
        return GOLD_STANDARD.recognises(text) or cer.recognises(text)

    def parse(self, text: str) -> Serial:
        return cer.parse(text) if cer.recognises(text) else GOLD_STANDARD.parse(text)

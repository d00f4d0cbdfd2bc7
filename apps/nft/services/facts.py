"""A serial block as `CarbonCredit.SerialBlock` has it."""

from __future__ import annotations

from typing import Any

from apps.nft.models import ChainEvent, Contract
from apps.registry.models import SerialBlock
from apps.registry.serials import parse

# serial, registry, project, first serial, tonnes, vintage, country, issuance date
BlockFacts = tuple[str, str, str, int, int, int, bytes, int]


def block_facts(block: SerialBlock, contract: Contract) -> BlockFacts:
    """The facts of a block, in the order of the contract's struct.

    Once the contract has written them down they never change there, whatever a later import says
    of the project: so they are those of the chain where it has them, else ours.
    """
    recorded = ChainEvent.objects.filter(
        contract=contract, name="BlockRecorded", arguments__blockId=block.pk
    ).first()
    return _recorded(recorded.arguments["serialBlock"]) if recorded else _ours(block)


def _recorded(facts: list[Any]) -> BlockFacts:
    serial, registry, project, first, tonnes, vintage, country, issued = facts
    country_code = bytes.fromhex(country.removeprefix("0x"))
    return serial, registry, project, first, tonnes, vintage, country_code, issued


def _ours(block: SerialBlock) -> BlockFacts:
    """As it was issued: parts cut from it keep its token ids."""
    project, whole = block.vintage.project, parse(block.whole_serial)
    return (
        str(whole),
        project.registry.name,
        project.code,
        block.start,
        whole.last - block.start + 1,
        block.vintage.year,
        str(project.country.code or "").encode(),
        int(f"{block.issued_on:%Y%m%d}") if block.issued_on else 0,
    )

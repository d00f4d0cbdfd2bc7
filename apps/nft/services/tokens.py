"""Who holds which tonne, kept up with the events of the newest block.

Tokens are a projection: everything here follows from ChainEvent rows and can be told from them
again, which is what a rewind does for the tokens it touches.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Final

from apps.nft.models import BridgeIntent, Chain, ChainEvent, Token
from apps.nft.models.bridge import BLOCK_ID_STRIDE
from apps.registry.models import SerialBlock

ZERO_ADDRESS: Final = "0x" + "00" * 20
BURNS: Final = {"Redeemed": Token.State.REDEEMED, "Retired": Token.State.RETIRED}

FIELDS: Final = ("block", "serial_number", "intent", "owner_address", "state")


def intent_uuid(intent_id: str) -> uuid.UUID:
    """The public id of an intent from the contract's 32 bytes in hex."""
    return uuid.UUID(bytes=bytes.fromhex(intent_id.removeprefix("0x"))[16:])


def token_ids(event: ChainEvent) -> range:
    """The tokens that a BatchMinted, Redeemed or Retired event is about."""
    first: int = event.arguments["firstTokenId"]
    return range(first, first + int(event.arguments["count"]))


def tokens_follow(*, events: list[ChainEvent]) -> None:
    """Applies newly stored events, in their order, to the tokens they move."""
    tokens = _existing(events)
    mints = [event for event in events if event.name == "BatchMinted"]
    intents = _intents(mints)
    blocks = _blocks(mints)
    for event in events:
        if event.name == "BatchMinted":
            intent = intents.get(intent_uuid(event.arguments["intentId"]))
            block = blocks.get(int(event.arguments["blockId"]))
            for place, token_id in enumerate(token_ids(event)):
                tokens[event.contract_id, token_id] = Token(
                    contract_id=event.contract_id,
                    token_id=token_id,
                    block=block,
                    serial_number=int(event.arguments["firstSerial"]) + place,
                    intent=intent,
                    owner_address=event.arguments["to"],
                )
        elif event.token_id is not None:
            key = (event.contract_id, event.token_id)
            # A row can only be missing if somebody deleted it: the id says which tonne it is.
            _move(tokens.get(key) or tokens.setdefault(key, _token_from_id(*key)), event)
    _save(tokens.values())


def tokens_settle(*, event: ChainEvent) -> None:
    """A Redeemed or Retired event counts as applied: its burned tokens have come to that end."""
    burned = Token.objects.filter(contract=event.contract, state=Token.State.BURNED)
    burned.filter(token_id__in=token_ids(event)).update(state=BURNS[event.name])


def tokens_rewind(*, chain: Chain, to_number: int) -> None:
    """Puts every token that later blocks touched back to where block `to_number` left it.

    Call it before the later events are deleted, inside the same transaction.
    """
    later = ChainEvent.objects.filter(
        chain=chain, block_number__gt=to_number, token_id__isnull=False
    )
    touched = set(later.values_list("contract_id", "token_id"))
    tokens = Token.objects.filter(
        contract_id__in={contract for contract, _ in touched},
        token_id__in={token for _, token in touched},
    )
    kept: list[Token] = []
    gone: list[Token] = []
    for token in tokens:
        (kept if _retell(token, to_number) else gone).append(token)
    Token.objects.filter(pk__in=[token.pk for token in gone]).delete()
    _save(kept)


def _retell(token: Token, to_number: int) -> bool:
    """Sets the token as its last event up to a block left it; False where there was none."""
    history = ChainEvent.objects.filter(
        contract=token.contract, block_number__lte=to_number
    ).order_by("-block_number", "-log_index")
    last = history.filter(token_id=token.token_id).first()
    if last is None:
        return False
    _move(token, last)
    mint = history.filter(token_id=token.token_id, arguments__from=ZERO_ADDRESS).first()
    token.intent = _intent_of(token, mint) if mint else None
    if token.state == Token.State.BURNED:
        token.state = _end_of(token, last)
    return True


def _intent_of(token: Token, mint: ChainEvent) -> BridgeIntent | None:
    for batch in _companions(mint, ["BatchMinted"]):
        if token.token_id in token_ids(batch):
            key = intent_uuid(batch.arguments["intentId"])
            return BridgeIntent.objects.filter(public_id=key).first()
    return None


def _end_of(token: Token, burn: ChainEvent) -> str:
    """What became of a burned token: final once its Redeemed or Retired was applied."""
    for event in _companions(burn, list(BURNS)):
        if token.token_id in token_ids(event) and event.applied_at is not None:
            return BURNS[event.name]
    return Token.State.BURNED


def _companions(event: ChainEvent, names: list[str]) -> Iterator[ChainEvent]:
    """Events of these names in the same transaction."""
    yield from ChainEvent.objects.filter(
        contract_id=event.contract_id,
        transaction_hash=event.transaction_hash,
        block_hash=event.block_hash,
        name__in=names,
    )


def _move(token: Token, event: ChainEvent) -> None:
    to = event.arguments["to"]
    token.owner_address = to
    token.state = Token.State.BURNED if to == ZERO_ADDRESS else Token.State.LIVE


def _token_from_id(contract_id: int, token_id: int) -> Token:
    block_id, offset = divmod(token_id, BLOCK_ID_STRIDE)
    block = SerialBlock.objects.filter(pk=block_id).first()
    serial = offset + (block.start if block else 0)
    return Token(contract_id=contract_id, token_id=token_id, block=block, serial_number=serial)


def _existing(events: list[ChainEvent]) -> dict[tuple[int, int], Token]:
    moved = {(event.contract_id, event.token_id) for event in events if event.token_id is not None}
    rows = Token.objects.filter(
        contract_id__in={contract for contract, _ in moved},
        token_id__in={token for _, token in moved},
    )
    return {(token.contract_id, token.token_id): token for token in rows}


def _intents(mints: list[ChainEvent]) -> dict[uuid.UUID, BridgeIntent]:
    keys = [intent_uuid(event.arguments["intentId"]) for event in mints]
    return {intent.public_id: intent for intent in BridgeIntent.objects.filter(public_id__in=keys)}


def _blocks(mints: list[ChainEvent]) -> dict[int, SerialBlock]:
    ids = {int(event.arguments["blockId"]) for event in mints}
    # An id that is not ours may not even fit our key.
    return SerialBlock.objects.in_bulk([pk for pk in ids if pk < 2**63])


def _save(tokens: Iterable[Token]) -> None:
    Token.objects.bulk_create(
        tokens,
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["contract", "token_id"],
        update_fields=FIELDS,
    )

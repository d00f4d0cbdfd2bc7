"""The pure book and the database use the same small integers for the same words."""

from apps.accounts.ledger.models import Transfer
from apps.orderbook.engine import settlement
from apps.orderbook.engine.book import words
from apps.orderbook.models.enums import (
    DoneReason,
    OrderType,
    SelfTrade,
    Side,
    Stop,
    TimeInForce,
)


def test_the_books_words_are_the_databases():
    for choices in (Side, OrderType, TimeInForce, SelfTrade, DoneReason, Stop):
        for choice in choices:
            assert getattr(words, choice.name) == choice.value, choice


def test_the_settlements_transfers_are_the_ledgers():
    assert settlement.TRADE == Transfer.Kind.TRADE
    assert settlement.FEE == Transfer.Kind.FEE

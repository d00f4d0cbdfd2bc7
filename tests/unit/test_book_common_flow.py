"""The real book makes of the common flow exactly what every price-time-priority book must."""

from apps.orderbook.engine.book import Book, Order, Terms
from apps.orderbook.engine.book.words import MATCH
from benchmarks.common_flow import LOT, TICK, TOTALS, Cancel, Totals, common_flow

PLENTY = 10**18


def test_the_common_flow_gives_its_exact_totals():
    commands, _ = common_flow()
    book, terms, owners = Book(TICK, LOT), Terms(maker_bps=10, taker_bps=20), {}
    totals = Totals(levels=TOTALS["levels"])  # an emptied level is not kept here
    for command in commands:
        if isinstance(command, Cancel):
            assert book.cancel(owners[command.id], command.id)
            totals.canceled += 1
            continue
        owner = owners[command.id] = command.owner
        order = Order(command.id, owner, owner, command.side, command.price, command.size, terms)
        totals.placed += 1
        for kind, _, _, _, _, size, notional, *_ in book.place(order, PLENTY):
            assert kind == MATCH
            totals.fills += 1
            totals.quantity += size // LOT
            totals.notional += notional
    totals.resting = len(book)
    totals.live_levels = len(book.bids.keys) + len(book.asks.keys)
    totals.check()
    assert book.trade_number == TOTALS["fills"]
    assert book.event_number == len(commands)

"""Each book is compared with the others; what is off is named, and the bridge stands still."""

import pytest
from django.db import connection

from apps.accounts.errors import Conflict, FourEyesRequired, NotPermitted
from apps.accounts.ledger.services import BRIDGE
from apps.accounts.models import Balance, FourEyesModel, User
from apps.nft.models import BridgeHalt, BridgeIntent, BridgeResume, ChainEvent, Token
from apps.nft.services.halts import (
    bridge_is_halted,
    halt_create,
    resume_decide,
    resume_propose,
)
from apps.registry.models import Span
from tests.support.contracts import STRIDE
from tests.support.factories import staff_make, user_make
from tests.support.settlement import TONNE, Settlement

APPROVED = FourEyesModel.Decision.APPROVED
FOREIGN_KEY = b"\x07" * 32


@pytest.fixture
def out(settlement: Settlement) -> Settlement:
    """Five tonnes are out, and everything adds up."""
    settlement.ask(5)
    settlement.settle()
    assert settlement.broken() == []
    return settlement


def reason() -> str:
    return BridgeHalt.objects.get(ended_at__isnull=True).reason


def foreign_mint(out: Settlement, *, block_id: int | None = None, offset: int = 7) -> None:
    """What a stolen minter key would do: two tonnes out of nowhere."""
    facts = list(out.credit.functions.blockOf(out.first_token()).call()[1])
    block_id = block_id or out.block.pk
    serial = out.block.start + offset
    call = out.credit.functions.mintBatch(out.stranger, block_id, facts, serial, 2, FOREIGN_KEY)
    out.send(out.keyring.address("minter"), call)


def test_tokens_minted_outside_the_bridge_are_named_before_they_are_final(out: Settlement) -> None:
    foreign_mint(out)
    out.follow()
    assert "serials 8 to 9 out as tokens without a tokenised span" in reason()
    assert Token.objects.filter(intent=None).count() == 2


def test_tokens_of_a_block_we_do_not_have_are_named(out: Settlement) -> None:
    foreign_mint(out, block_id=899_999_999, offset=0)
    out.follow()
    assert f"token {899_999_999 * STRIDE} is of no block of ours" in reason()


def test_a_final_mint_without_an_intent_halts_by_its_event(out: Settlement) -> None:
    foreign_mint(out)
    out.mine(2)
    out.follow()
    halt = BridgeHalt.objects.get(event__isnull=False)
    assert "without an intent of ours" in halt.reason
    assert halt.event is not None
    assert halt.event.name == "BatchMinted"
    assert halt.event.applied_at is None


def test_a_span_freed_by_hand_is_named(out: Settlement) -> None:
    span = Span.objects.get(state=Span.State.TOKENISED)
    span.delete()
    out.follow()
    assert "serials 1 to 5 out as tokens without a tokenised span" in reason()


def test_a_span_made_by_hand_is_named(out: Settlement) -> None:
    base = out.block.base
    Span.objects.create(
        block=out.block, grams=(base + 8 * TONNE, base + 9 * TONNE), state=Span.State.TOKENISED
    )
    out.follow()
    assert "serials 9 to 9 tokenised without a token" in reason()


def test_an_edited_balance_of_the_bridge_is_named(out: Settlement) -> None:
    Balance.objects.filter(owner__platform_name=BRIDGE).update(available=5 * TONNE + 1)
    out.follow()
    code = out.credit_class.code
    assert f"{code}: the bridge owns {5 * TONNE + 1} grams, {5 * TONNE} are out" in reason()


def test_a_token_row_that_was_lost_is_named(out: Settlement) -> None:
    Token.objects.filter(token_id=out.first_token(2)).delete()
    out.follow()
    assert "serials 3 to 3 tokenised without a token" in reason()
    assert "5 NFTs are out, 4 by the events we read" in reason()


def test_a_token_row_that_was_lost_comes_back_with_its_next_transfer(out: Settlement) -> None:
    lost = out.first_token(2)
    Token.objects.filter(token_id=lost).delete()
    move = out.credit.functions.transferFrom(out.wallet, out.stranger, lost)
    out.send(out.wallet, move)
    out.follow()
    token = Token.objects.get(token_id=lost)
    assert (token.serial_number, token.owner_address) == (out.block.start + 2, out.stranger)
    assert out.broken() == []


def test_a_retirement_we_did_not_read_is_named(out: Settlement) -> None:
    out.send(out.wallet, out.credit.functions.retire([(out.first_token(), 2)], "", "", ""))
    out.mine(2)
    out.follow()
    assert out.broken() == []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM nft_chainevent WHERE name = 'Retired'")
    out.follow()
    assert "2 tonnes retired, 0 by its events" in reason()


def test_a_burn_that_contradicts_our_spans_halts_and_is_tried_again(out: Settlement) -> None:
    span = Span.objects.get(state=Span.State.TOKENISED)
    kept = (span.block, span.grams)
    span.delete()
    out.redeem([(out.first_token(), 2)])
    out.mine(2)
    out.follow()
    assert out.platform(BRIDGE) == 5 * TONNE, "nothing moved"
    Span.objects.create(block=kept[0], grams=kept[1], state=Span.State.TOKENISED)
    for halt in BridgeHalt.objects.filter(ended_at__isnull=True):
        end(halt)
    out.follow()
    assert out.platform(BRIDGE) == 3 * TONNE
    assert out.broken() == []


def test_the_same_finding_halts_once(out: Settlement) -> None:
    Token.objects.filter(token_id=out.first_token(2)).delete()
    for _turn in range(3):
        out.mine(1)
        out.follow()
    assert BridgeHalt.objects.count() == 1


def test_a_halted_bridge_moves_nothing(out: Settlement) -> None:
    halt_create(reason="a test")
    out.redeem([(out.first_token(), 2)])
    out.mine(2)
    out.follow()
    assert out.platform(BRIDGE) == 5 * TONNE
    assert ChainEvent.objects.filter(name="Redeemed", applied_at__isnull=True).exists()
    end(BridgeHalt.objects.get())
    out.follow()
    assert out.platform(BRIDGE) == 3 * TONNE
    assert out.broken() == []


# ---------------------------------------------------------------- halting and resuming


def people() -> tuple[User, User]:
    both = (("add", BridgeResume), ("change", BridgeResume))
    return staff_make(*both), staff_make(*both)


def proposal(halt: BridgeHalt, by: User, *, settled: bool = False) -> BridgeResume:
    draft = BridgeResume(halt=halt, finding="Looked into it", is_event_settled=settled)
    return resume_propose(proposal=draft, by=by)


def end(halt: BridgeHalt, *, settled: bool = False) -> None:
    one, two = people()
    found = proposal(halt, one, settled=settled)
    resume_decide(proposal=found, decision=APPROVED, by=two, note="")


def test_one_person_halts_and_two_resume(settlement: Settlement) -> None:
    one, two = people()
    halt = halt_create(reason="a finding", by=one)
    assert halt.created_by == one
    found = proposal(halt, one)
    with pytest.raises(FourEyesRequired):
        resume_decide(proposal=found, decision=APPROVED, by=one, note="")
    assert bridge_is_halted()
    resume_decide(proposal=found, decision=APPROVED, by=two, note="agreed")
    assert not bridge_is_halted()
    with pytest.raises(Conflict):
        proposal(halt, two)


def test_a_rejected_resumption_leaves_it_halted_and_can_be_proposed_again(
    settlement: Settlement,
) -> None:
    one, two = people()
    halt = halt_create(reason="a finding")
    found = proposal(halt, one)
    resume_decide(proposal=found, decision=FourEyesModel.Decision.REJECTED, by=two, note="no")
    assert bridge_is_halted()
    resume_decide(proposal=proposal(halt, two), decision=APPROVED, by=one, note="")
    assert not bridge_is_halted()


def test_every_halt_has_to_end(settlement: Settlement) -> None:
    end(halt_create(reason="one"))
    two = halt_create(reason="two")
    three = halt_create(reason="three")
    end(two)
    assert bridge_is_halted()
    end(three)
    assert not bridge_is_halted()


def test_outsiders_neither_halt_nor_resume(settlement: Settlement) -> None:
    charlie = user_make()
    with pytest.raises(NotPermitted):
        halt_create(reason="mischief", by=charlie)
    with pytest.raises(NotPermitted):
        proposal(halt_create(reason="a finding"), charlie)


def test_an_event_settled_by_hand_is_not_applied(out: Settlement) -> None:
    foreign_mint(out)
    out.mine(2)
    out.follow()
    # Its holder gives the foreign tokens up, which is settled by hand as well.
    burn = out.credit.functions.redeem([(out.first_token(7), 2)], bytes(32))
    out.send(out.stranger, burn)
    for _round in range(3):
        for halt in BridgeHalt.objects.filter(ended_at__isnull=True):
            end(halt, settled=True)
        out.mine(2)
        out.follow()
    assert not bridge_is_halted()
    assert out.platform(BRIDGE) == 5 * TONNE
    assert BridgeIntent.objects.get().state == "final"

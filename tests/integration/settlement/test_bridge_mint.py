"""Taking whole tonnes out: what is asked for, what is refused, what is given back."""

import pytest

from apps.accounts.errors import Conflict, InsufficientFunds, ServiceError
from apps.nft.models import BridgeIntent, ChainEvent, MintRequest, Token
from apps.nft.services import minting
from apps.nft.services.halts import halt_create
from apps.registry.models import CreditEvent, Span
from tests.support.contracts import STRIDE
from tests.support.factories import owner_make, wallet_make
from tests.support.registry import block_make, receive
from tests.support.settlement import TONNE, Settlement


def states() -> list[str]:
    return list(BridgeIntent.objects.order_by("pk").values_list("state", flat=True))


def test_tonnes_go_out_to_the_wallet_and_the_grams_to_the_bridge(settlement: Settlement) -> None:
    settlement.ask(3)
    assert (settlement.available(), settlement.held()) == (7 * TONNE, 3 * TONNE)
    assert settlement.platform("bridge") == 0
    assert settlement.work() == ["mined"]
    settlement.follow()
    assert states() == ["mined"], "not final yet: nothing has moved"
    assert (settlement.held(), settlement.platform("bridge")) == (3 * TONNE, 0)
    assert settlement.broken() == []
    settlement.mine(2)
    settlement.follow()
    assert states() == ["final"]
    assert (settlement.available(), settlement.held()) == (7 * TONNE, 0)
    assert settlement.platform("bridge") == 3 * TONNE
    assert settlement.broken() == []


def test_ledger_registry_chain_and_tokens_tell_the_same_serials(settlement: Settlement) -> None:
    settlement.ask(3)
    settlement.settle()
    first = settlement.first_token()
    tokens = Token.objects.order_by("token_id")
    assert [(t.token_id, t.serial_number, t.owner_address, t.state) for t in tokens] == [
        (first + i, settlement.block.start + i, settlement.wallet, "live") for i in range(3)
    ]
    for token in tokens:
        serial = settlement.credit.functions.serialOf(token.token_id).call()
        assert serial == [settlement.block.serial, token.serial_number]
        assert settlement.owner_of(token.token_id) == settlement.wallet
    span = Span.objects.get(state=Span.State.TOKENISED)
    assert (span.grams.lower, span.grams.upper) == (
        settlement.block.base,
        settlement.block.base + 3 * TONNE,
    )
    event = CreditEvent.objects.get(kind=CreditEvent.Kind.TOKENISED)
    minted = ChainEvent.objects.get(name="BatchMinted")
    assert event.reference == minted.transaction_hash


def test_the_facts_on_chain_are_those_of_the_registry(settlement: Settlement) -> None:
    settlement.ask(1)
    settlement.settle()
    block = settlement.block
    intent = BridgeIntent.objects.get()
    first, count, serial, facts = settlement.credit.functions.batchOf(intent.chain_key).call()
    assert (first, count, serial) == (settlement.first_token(), 1, block.start)
    project = block.vintage.project
    assert facts == (
        *(block.serial, project.registry.name, project.code, block.start, block.tonnes),
        *(block.vintage.year, b"AR", 20260331),
    )


def test_a_project_renamed_later_does_not_stop_its_block(settlement: Settlement) -> None:
    settlement.ask(1, key="before")
    settlement.settle()
    registry = settlement.block.vintage.project.registry
    registry.name = "Another name"
    registry.save()
    settlement.ask(1, key="after")
    settlement.settle()
    assert states() == ["final", "final"]


def test_the_same_key_asks_once(settlement: Settlement) -> None:
    first = settlement.ask(3, key="once")
    assert settlement.ask(3, key="once") == first
    assert MintRequest.objects.count() == BridgeIntent.objects.count() == 1
    assert settlement.held() == 3 * TONNE
    with pytest.raises(Conflict) as caught:
        settlement.ask(4, key="once")
    assert caught.value.code == "idempotency_key_reused"


def test_serials_apart_become_intents_apart(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = block_make(first=1001, tonnes=2)
    receive(other, settlement.owner)
    request = settlement.ask(11)
    intents = request.intents.order_by("block_id")
    assert [(i.block, i.first_serial, i.tonnes) for i in intents] == [
        (settlement.block, settlement.block.start, 10),
        (other, 1001, 1),
    ]
    settlement.settle()
    assert states() == ["final", "final"]
    assert settlement.owner_of(other.pk * STRIDE) == settlement.wallet
    assert settlement.broken() == []


def test_a_long_run_is_minted_in_batches(
    settlement: Settlement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minting, "BATCH_TONNES_MAX", 4)
    request = settlement.ask(9)
    assert sorted(i.tonnes for i in request.intents.all()) == [1, 4, 4]
    settlement.settle()
    assert settlement.credit.functions.balanceOf(settlement.wallet).call() == 9
    assert settlement.broken() == []


@pytest.mark.parametrize(
    ("tonnes", "error", "code"),
    [
        (0, ServiceError, "amount_too_small"),
        (-1, ServiceError, "amount_too_small"),
        (50_001, ServiceError, "amount_too_large"),
        (11, Conflict, "grams_short"),
    ],
)
def test_amounts_that_cannot_be_taken_out_are_refused(
    settlement: Settlement, tonnes: int, error: type[ServiceError], code: str
) -> None:
    with pytest.raises(error) as caught:
        settlement.ask(tonnes)
    assert caught.value.code == code
    assert MintRequest.objects.count() == 0
    assert settlement.broken() == []


def test_who_has_too_little_gets_nothing(settlement: Settlement) -> None:
    poor = owner_make()
    wallet_make(poor, settlement.stranger)
    with pytest.raises(InsufficientFunds):
        minting.mint_request(
            owner=poor,
            credit_class=settlement.credit_class,
            tonnes=1,
            to_address=settlement.stranger,
            idempotency_key="poor",
        )
    assert Span.objects.count() == MintRequest.objects.count() == 0


@pytest.mark.parametrize(
    ("address", "code"), [("0x1234", "address_invalid"), ("", "address_invalid")]
)
def test_what_is_no_address_is_refused(settlement: Settlement, address: str, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        settlement.ask(1, to=address or "nobody")
    assert caught.value.code == code


def test_only_a_linked_wallet_gets_tokens(settlement: Settlement) -> None:
    with pytest.raises(ServiceError) as caught:
        settlement.ask(1, to=settlement.stranger)
    assert caught.value.code == "wallet_not_linked"
    wallet_make(owner_make(), settlement.stranger)
    with pytest.raises(ServiceError):
        settlement.ask(1, to=settlement.stranger)
    assert settlement.ask(1, to=settlement.wallet.lower()).to_address == settlement.wallet


def test_a_halted_bridge_takes_no_requests_and_sends_nothing(settlement: Settlement) -> None:
    settlement.ask(1, key="before")
    halt_create(reason="a test")
    with pytest.raises(Conflict) as caught:
        settlement.ask(1, key="after")
    assert caught.value.code == "bridge_halted"
    assert settlement.work() == ["queued"]
    assert settlement.credit.functions.totalSupply().call() == 0


def test_what_the_contract_will_never_take_is_given_back_unsigned(settlement: Settlement) -> None:
    request = settlement.ask(2)
    # The bridge's key mints the very same serials by itself.
    intent = request.intents.get()
    call = settlement.mint_call(intent, key=b"\x01" * 32, to=settlement.stranger)
    settlement.send(settlement.keyring.address("minter"), call)
    assert settlement.work() == ["failed"]
    intent.refresh_from_db()
    assert intent.failure == f"TokenAlreadyMinted({settlement.first_token()})"
    assert intent.transactions.count() == 0
    assert (settlement.available(), settlement.held()) == (10 * TONNE, 0)
    assert Span.objects.count() == 0


def test_a_pause_makes_intents_wait(settlement: Settlement) -> None:
    settlement.ask(2)
    settlement.send(settlement.keyring.address("pauser"), settlement.credit.functions.pause())
    assert settlement.work() == ["queued"]
    assert BridgeIntent.objects.get().failure == "EnforcedPause()"
    settlement.send(settlement.keyring.address("admin"), settlement.credit.functions.unpause())
    assert settlement.work() == ["mined"]
    assert BridgeIntent.objects.get().failure == ""


def test_the_daily_cap_makes_intents_wait(settlement: Settlement) -> None:
    admin = settlement.keyring.address("admin")
    settlement.send(admin, settlement.credit.functions.setDailyCap(1))
    settlement.ask(2)
    assert settlement.work() == ["queued"]
    settlement.send(admin, settlement.credit.functions.setDailyCap(2))
    assert settlement.work() == ["mined"]


def test_fees_above_the_maximum_make_intents_wait(settlement: Settlement, settings: object) -> None:
    settings.CHAIN_FEE_MAX_GWEI = 0  # type: ignore[attr-defined]
    settlement.ask(1)
    assert settlement.work() == ["queued"]
    assert "fees" in BridgeIntent.objects.get().failure


def test_a_mint_that_reverts_in_its_block_is_given_back_when_final(
    settlement: Settlement,
) -> None:
    settlement.ask(2)
    settlement.sign_only()
    settlement.send(settlement.keyring.address("pauser"), settlement.credit.functions.pause())
    assert settlement.work() == ["mined"]
    attempt = BridgeIntent.objects.get().transactions.get()
    assert attempt.succeeded is False
    assert settlement.held() == 2 * TONNE, "a reorganisation could still let it through"
    settlement.mine(2)
    assert settlement.work() == ["failed"]
    assert BridgeIntent.objects.get().failure == "EnforcedPause()"
    assert (settlement.available(), settlement.held()) == (10 * TONNE, 0)
    settlement.follow()
    assert settlement.broken() == []


def test_what_was_given_back_can_be_asked_for_again(settlement: Settlement) -> None:
    settlement.ask(2, key="one")
    settlement.sign_only()
    settlement.send(settlement.keyring.address("pauser"), settlement.credit.functions.pause())
    settlement.settle()
    settlement.work()
    settlement.send(settlement.keyring.address("admin"), settlement.credit.functions.unpause())
    settlement.ask(2, key="two")
    settlement.settle()
    assert states() == ["failed", "final"]
    assert settlement.broken() == []

"""USDC and CC out to wallets and back: nothing is lost, made up, or paid twice."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.errors import ServiceError
from apps.accounts.ledger.services import BRIDGE, CUSTODY, UNCLAIMED
from apps.accounts.models import Asset, Balance, Wallet, WalletHolding
from apps.nft.models import (
    BridgeHalt,
    ChainEvent,
    ChainTransaction,
    CoinDeposit,
    CoinWithdrawal,
)
from apps.nft.services.halts import halt_create
from apps.nft.services.holdings import holdings_read
from apps.nft.services.kinds import PAYOUT
from apps.nft.services.reconciliation import ledger_reconcile
from apps.nft.services.redemptions import redemptions_claim
from apps.orderbook.selectors.fees import cc_of
from tests.support.coins import UNIT, Coins, coins_make
from tests.support.factories import wallet_make
from tests.support.settlement import Settlement

NOBODY = "0x" + "00" * 32


@pytest.fixture
def coins(settlement: Settlement) -> Coins:
    return coins_make(settlement)


def refused(coins: Coins, amount: int, asset: Asset | None = None, key: str = "w") -> str:
    with pytest.raises(ServiceError) as caught:
        coins.withdraw(amount, asset, key)
    return caught.value.code


def test_a_deposit_counts_when_it_is_final(coins: Coins) -> None:
    coins.deposit(5 * UNIT)
    coins.settlement.follow()
    assert coins.balance(coins.usdc_asset) == (0, 0)
    coins.settlement.mine(2)
    coins.settlement.follow()
    assert coins.balance(coins.usdc_asset) == (5 * UNIT, 0)
    assert coins.platform(CUSTODY, coins.usdc_asset) == -5 * UNIT
    assert coins.settlement.broken() == []


def test_usdc_goes_out_again_by_an_intent(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    made = coins.withdraw(2 * UNIT)
    assert coins.balance(coins.usdc_asset) == (3 * UNIT, 2 * UNIT)
    assert coins.withdraw(2 * UNIT) == made, "the same key asks once"
    coins.settlement.settle()
    made.refresh_from_db()
    assert (made.state, made.route) == ("final", "vault")
    assert coins.in_wallet(coins.usdc) == 2 * UNIT
    assert coins.balance(coins.usdc_asset) == (3 * UNIT, 0)
    assert coins.vault.functions.heldOf(coins.usdc.address).call() == 3 * UNIT
    assert coins.settlement.broken() == []


def test_cc_is_minted_and_what_came_back_is_paid_first(coins: Coins) -> None:
    cc = coins.cc_asset
    coins.withdraw(4 * UNIT, cc, "out")
    coins.settlement.settle()
    assert coins.in_wallet(coins.cc_token) == 4 * UNIT
    assert coins.platform(BRIDGE, cc) == 4 * UNIT
    coins.deposit_final(3 * UNIT, coin=coins.cc_token)
    assert coins.balance(cc) == (5 * UNIT, 0)
    assert coins.platform(BRIDGE, cc) == UNIT
    coins.withdraw(2 * UNIT, cc, "again")
    coins.settlement.settle()
    again = CoinWithdrawal.objects.get(idempotency_key="again")
    assert (again.route, again.state) == ("vault", "final")
    assert coins.cc_token.functions.totalSupply().call() == 4 * UNIT, "none was minted anew"
    assert coins.platform(BRIDGE, cc) == 3 * UNIT
    assert coins.settlement.broken() == []


def test_what_the_vault_holds_is_promised_once(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    coins.withdraw(3 * UNIT, key="one")
    # Cash that came by another way is on the ledger and not in the vault.
    assert refused(coins, 2 * UNIT + 1, key="two") == "vault_short"
    coins.withdraw(2 * UNIT, key="three")
    coins.settlement.settle()
    assert coins.in_wallet(coins.usdc) == 5 * UNIT
    assert coins.settlement.broken() == []


def test_a_deposit_without_an_account_goes_to_whoever_links_the_wallet(coins: Coins) -> None:
    stranger = coins.settlement.stranger
    coins.deposit_final(5 * UNIT, wallet=stranger, tag=NOBODY)
    assert coins.platform(UNCLAIMED, coins.usdc_asset) == 5 * UNIT
    assert redemptions_claim() == 0
    wallet_make(coins.settlement.owner, stranger)
    assert redemptions_claim() == 1
    assert redemptions_claim() == 0
    assert coins.balance(coins.usdc_asset) == (5 * UNIT, 0)
    assert CoinDeposit.objects.get().claimed_at is not None
    assert coins.settlement.broken() == []


def test_what_cannot_leave_is_refused(coins: Coins, settings: Any) -> None:
    coins.deposit_final(50 * UNIT)
    assert refused(coins, 0) == "amount_not_positive"
    assert refused(coins, UNIT, coins.settlement.credit_class.asset) == "coin_unknown"
    settings.WALLET_COOLING_OFF_S = 3600
    assert refused(coins, UNIT) == "wallet_cooling_off"
    settings.WALLET_COOLING_OFF_S = 0
    assert refused(coins, 7 * UNIT, coins.cc_asset) == "insufficient_funds"
    settings.COIN_WITHDRAWAL_OWNER_DAILY = 9
    coins.withdraw(6 * UNIT, key="first")
    assert refused(coins, 4 * UNIT) == "limit_exceeded"
    settings.COIN_WITHDRAWAL_OWNER_DAILY = 100
    settings.COIN_WITHDRAWAL_DAILY = 9
    assert refused(coins, 4 * UNIT) == "limit_exceeded"
    settings.COIN_WITHDRAWALS_HOURLY_MAX = 1
    assert refused(coins, UNIT) == "too_many"
    assert refused(coins, UNIT, key="first") == "idempotency_key_reused"
    halt_create(reason="a test")
    settings.COIN_WITHDRAWALS_HOURLY_MAX = 10
    assert refused(coins, UNIT) == "bridge_halted"


def test_a_refusal_by_the_chain_gives_the_amount_back(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    made = coins.withdraw(2 * UNIT)
    # Nobody can be paid at the vault itself, which only the contract knows.
    CoinWithdrawal.objects.filter(pk=made.pk).update(to_address=coins.vault.address)
    coins.settlement.work()
    made.refresh_from_db()
    assert made.state == "failed"
    assert "ReceiverInvalid" in made.failure
    assert coins.balance(coins.usdc_asset) == (5 * UNIT, 0)
    assert coins.settlement.broken() == []


def test_a_paused_vault_only_delays(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    settlement = coins.settlement
    keys = settlement.keyring
    settlement.send(keys.address("pauser"), coins.vault.functions.pause())
    made = coins.withdraw(2 * UNIT)
    assert settlement.work() == ["queued"]
    settlement.send(keys.address("admin"), coins.vault.functions.unpause())
    settlement.settle()
    made.refresh_from_db()
    assert made.state == "final"
    assert settlement.broken() == []


def test_a_payment_taken_back_by_the_chain_is_paid_once(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    made = coins.withdraw(2 * UNIT)
    settlement = coins.settlement
    settlement.work()
    settlement.follow()
    settlement.reorganise()
    sent = ChainTransaction.objects.get(withdrawal=made)
    settlement.rpc("anvil_dropTransaction", sent.hash)
    assert coins.in_wallet(coins.usdc) == 0
    for _round in range(3):
        settlement.settle()
    made.refresh_from_db()
    assert made.state == "final"
    assert ChainTransaction.objects.filter(withdrawal=made).count() == 1
    assert coins.in_wallet(coins.usdc) == 2 * UNIT
    assert settlement.broken() == []


def test_the_database_refuses_what_the_services_never_write(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    made = coins.withdraw(UNIT)
    for wrong in ({"amount": 0}, {"state": "final"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CoinWithdrawal.objects.filter(pk=made.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        CoinDeposit.objects.update(amount=0)


# ---------------------------------------------------------------- what is planted is found


def halt_reasons(coins: Coins) -> str:
    coins.settlement.mine(2)
    coins.settlement.follow()
    return "\n".join(BridgeHalt.objects.filter(ended_at=None).values_list("reason", flat=True))


def test_cc_minted_outside_the_bridge_halts(coins: Coins) -> None:
    minter = coins.settlement.keyring.address("minter")
    mint = coins.cc_token.functions.mint(coins.settlement.stranger, UNIT, b"\x07" * 32)
    coins.settlement.send(minter, mint)
    assert f"{UNIT} micro-units left without an intent of ours" in halt_reasons(coins)


def test_a_payment_without_an_intent_halts(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    settlement = coins.settlement
    pay = coins.vault.functions.withdraw(
        coins.usdc.address, settlement.stranger, UNIT, b"\x07" * 32
    )
    settlement.send(settlement.keyring.address("withdrawer"), pay)
    assert f"{UNIT} micro-units left without an intent of ours" in halt_reasons(coins)


def test_a_payment_other_than_asked_halts(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    made = coins.withdraw(UNIT)
    settlement = coins.settlement
    pay = coins.vault.functions.withdraw(
        coins.usdc.address, settlement.stranger, UNIT, made.chain_key
    )
    settlement.send(settlement.keyring.address("withdrawer"), pay)
    assert f"is not what withdrawal {made}" in halt_reasons(coins)
    assert coins.balance(coins.usdc_asset) == (4 * UNIT, UNIT), "nothing moved"


def test_cc_that_is_not_backed_halts(coins: Coins) -> None:
    Balance.objects.filter(owner__platform_name="pool").update(available=5 * UNIT)
    reason = halt_reasons(coins)
    assert f"{6 * UNIT} CC micro-units issued, {5 * UNIT} grams pooled" in reason


def test_an_edited_balance_of_the_bridge_is_named(coins: Coins) -> None:
    coins.withdraw(4 * UNIT, coins.cc_asset)
    coins.settlement.settle()
    edited = Balance.objects.filter(owner__platform_name=BRIDGE, asset=coins.cc_asset)
    edited.update(available=4 * UNIT + 1)
    reason = halt_reasons(coins)
    assert f"CC: the bridge owns {4 * UNIT + 1} micro-units, {4 * UNIT} are out" in reason


def test_an_event_of_the_vault_that_is_lost_is_named(coins: Coins) -> None:
    coins.deposit(5 * UNIT)
    coins.settlement.follow()
    ChainEvent.objects.filter(name="Deposited").delete()
    assert f"USDC: the vault holds {5 * UNIT} micro-units, 0 by the events" in halt_reasons(coins)


def test_a_balance_edited_by_hand_halts_and_is_named(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    assert ledger_reconcile(thorough=True) is None
    mine = Balance.objects.get(owner=coins.settlement.owner, asset=coins.usdc_asset)
    Balance.objects.filter(pk=mine.pk).update(available=6 * UNIT)
    halt = ledger_reconcile()
    assert halt is not None
    assert f"asset USDC: all balances add up to {UNIT}, not 0" in halt.reason
    told = f"balance {mine.pk}: holds {6 * UNIT} but its transfers add up to {5 * UNIT}"
    assert told in halt.reason


def test_edits_that_outweigh_each_other_are_named_by_the_thorough_look(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    Balance.objects.filter(asset=coins.usdc_asset).update(available=0)
    assert ledger_reconcile() is None
    halt = ledger_reconcile(thorough=True)
    assert halt is not None
    assert halt.reason.count("but its transfers add up to") == 2


def test_a_deposit_edited_by_hand_is_named(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    CoinDeposit.objects.update(amount=6 * UNIT)
    halt = ledger_reconcile(thorough=True)
    assert halt is not None
    assert f"{6 * UNIT} micro-units, {5 * UNIT} by its event" in halt.reason


def test_coins_sent_to_the_vault_by_a_bare_transfer_halt_nothing(coins: Coins) -> None:
    settlement = coins.settlement
    settlement.send(settlement.wallet, coins.usdc.functions.mint(coins.vault.address, UNIT))
    assert halt_reasons(coins) == ""
    assert settlement.broken() == []


def test_two_workers_pay_once(coins: Coins) -> None:
    coins.deposit_final(5 * UNIT)
    made = coins.withdraw(UNIT)
    for _worker in range(2):
        coins.settlement.advance(made.pk, kind=PAYOUT)
    coins.settlement.settle()
    assert ChainTransaction.objects.filter(withdrawal=made).count() == 1
    assert coins.in_wallet(coins.usdc) == UNIT


def test_cc_in_a_linked_wallet_is_known_when_it_is_final(coins: Coins) -> None:
    s = coins.settlement
    coins.withdraw(2 * UNIT, coins.cc_asset)
    s.work()
    assert holdings_read(chain=s.chain, client=s.client) == 1
    assert WalletHolding.objects.get().amount == 0, "its block is not final"
    s.settle()
    holdings_read(chain=s.chain, client=s.client)
    assert cc_of(s.owner) == 6 * UNIT, "wherever it lies"
    s.send(s.wallet, coins.cc_token.functions.transfer(s.stranger, UNIT))
    s.mine(2)
    holdings_read(chain=s.chain, client=s.client)
    assert cc_of(s.owner) == 5 * UNIT
    Wallet.objects.update(unlinked_at=timezone.now())
    assert holdings_read(chain=s.chain, client=s.client) == 0
    assert cc_of(s.owner) == 4 * UNIT

"""Tonnes come back from the chain, or are consumed there: believed when final, credited once."""

import pytest

from apps.accounts.models import Balance, Transfer, Wallet
from apps.nft.models import ChainEvent, Token, TokenRedemption
from apps.nft.selectors.owners import account_tag, owner_of_tag
from apps.nft.services.redemptions import redemptions_claim
from apps.registry.models import CreditEvent, Retirement, Span
from tests.support.factories import organisation_make, owner_make, wallet_make
from tests.support.settlement import TONNE, Settlement


@pytest.fixture
def out(settlement: Settlement) -> Settlement:
    """Five tonnes are out in the owner's wallet."""
    settlement.ask(5)
    settlement.settle()
    return settlement


def finish(settlement: Settlement) -> None:
    settlement.mine(2)
    settlement.follow()


def test_redeemed_tonnes_come_back_when_final(out: Settlement) -> None:
    out.redeem([(out.first_token(), 5)])
    out.follow()
    assert out.available() == 5 * TONNE, "not final yet"
    assert set(Token.objects.values_list("state", flat=True)) == {"burned"}
    assert out.broken() == []
    finish(out)
    assert out.available() == 10 * TONNE
    assert out.platform("bridge") == 0
    assert set(Token.objects.values_list("state", flat=True)) == {"redeemed"}
    assert Span.objects.count() == 0
    assert CreditEvent.objects.filter(kind=CreditEvent.Kind.REDEEMED).count() == 1
    assert out.broken() == []


def test_a_part_from_the_middle_comes_back(out: Settlement) -> None:
    out.redeem([(out.first_token(1), 2), (out.first_token(4), 1)])
    finish(out)
    assert out.available() == 8 * TONNE
    assert out.platform("bridge") == 2 * TONNE
    live = Token.objects.filter(state="live").order_by("token_id")
    assert [token.token_id for token in live] == [out.first_token(0), out.first_token(3)]
    assert out.broken() == []


def test_what_came_back_can_go_out_again_as_the_same_tokens(out: Settlement) -> None:
    out.redeem([(out.first_token(), 5)])
    finish(out)
    out.ask(6, key="again")
    out.settle()
    assert Token.objects.filter(state="live").count() == 6
    assert out.owner_of(out.first_token()) == out.wallet
    assert out.broken() == []


def test_a_tag_names_the_account_to_credit(out: Settlement) -> None:
    friend = owner_make()
    out.redeem([(out.first_token(), 2)], tag=account_tag(friend))
    finish(out)
    assert out.available(friend) == 2 * TONNE
    assert TokenRedemption.objects.get().owner == friend
    assert out.broken() == []


def test_a_tag_may_name_an_organisation(out: Settlement) -> None:
    organisation = organisation_make()
    assert owner_of_tag(account_tag(organisation.owner)) == organisation.owner
    out.redeem([(out.first_token(), 2)], tag=account_tag(organisation.owner))
    finish(out)
    assert out.available(organisation.owner) == 2 * TONNE


@pytest.mark.parametrize("tag", ["0x" + "ff" * 32, "0x" + "00" * 16 + "11" * 16])
def test_a_tag_that_names_nobody_falls_back_to_the_wallet_s_owner(
    out: Settlement, tag: str
) -> None:
    out.redeem([(out.first_token(), 2)], tag=tag)
    finish(out)
    assert out.available() == 7 * TONNE


def sent_to_stranger(out: Settlement) -> None:
    move = out.credit.functions.transferRanges(out.wallet, out.stranger, [(out.first_token(), 3)])
    out.send(out.wallet, move)


def test_whoever_holds_the_token_is_credited_not_who_took_it_out(out: Settlement) -> None:
    other = owner_make()
    wallet_make(other, out.stranger.lower())
    sent_to_stranger(out)
    out.send(out.stranger, out.credit.functions.redeem([(out.first_token(), 3)], bytes(32)))
    finish(out)
    assert out.available(other) == 3 * TONNE
    assert out.available() == 5 * TONNE
    assert out.broken() == []


def test_an_unknown_wallet_s_tonnes_wait_until_it_is_linked(out: Settlement) -> None:
    sent_to_stranger(out)
    out.send(out.stranger, out.credit.functions.redeem([(out.first_token(), 3)], bytes(32)))
    finish(out)
    assert out.platform("unclaimed") == 3 * TONNE
    assert redemptions_claim() == 0
    newcomer = owner_make()
    wallet_make(newcomer, out.stranger)
    assert redemptions_claim() == 1
    assert redemptions_claim() == 0
    assert out.available(newcomer) == 3 * TONNE
    assert out.platform("unclaimed") == 0
    assert TokenRedemption.objects.get().owner == newcomer
    assert out.broken() == []


def test_a_wallet_that_was_unlinked_claims_nothing(out: Settlement) -> None:
    sent_to_stranger(out)
    wallet = wallet_make(owner_make(), out.stranger)
    Wallet.objects.filter(pk=wallet.pk).update(unlinked_at="2026-01-01T00:00:00Z")
    out.send(out.stranger, out.credit.functions.redeem([(out.first_token(), 3)], bytes(32)))
    finish(out)
    assert out.platform("unclaimed") == 3 * TONNE
    assert redemptions_claim() == 0


def test_tonnes_retired_on_chain_get_a_certificate(out: Settlement) -> None:
    call = out.credit.functions.retire(
        [(out.first_token(1), 2)], "A school", "For our trip", "2026"
    )
    receipt = out.send(out.wallet, call)
    out.follow()
    assert Retirement.objects.count() == 0, "not final yet"
    finish(out)
    retirement = Retirement.objects.get()
    assert (retirement.beneficiary, retirement.message) == ("A school", "For our trip")
    assert (retirement.amount_grams, retirement.source) == (2 * TONNE, Retirement.Source.CHAIN)
    assert retirement.owner == out.owner
    assert retirement.idempotency_key.startswith(receipt["transactionHash"].to_0x_hex())
    span = Span.objects.get(state=Span.State.RETIRED)
    assert (span.grams.lower, span.grams.upper) == (
        out.block.base + TONNE,
        out.block.base + 3 * TONNE,
    )
    assert out.platform("retired") == 2 * TONNE
    assert out.platform("bridge") == 3 * TONNE
    retired = Token.objects.filter(state="retired").order_by("token_id")
    assert [token.token_id for token in retired] == [out.first_token(1), out.first_token(2)]
    assert out.broken() == []


def test_an_unknown_wallet_may_retire_too(out: Settlement) -> None:
    sent_to_stranger(out)
    out.send(out.stranger, out.credit.functions.retire([(out.first_token(), 3)], "", "", ""))
    finish(out)
    retirement = Retirement.objects.get()
    assert retirement.owner.platform_name == "unclaimed"
    assert retirement.beneficiary == out.stranger
    assert out.platform("retired") == 3 * TONNE
    assert out.broken() == []


def test_ranges_of_one_call_are_retired_one_by_one(out: Settlement) -> None:
    ranges = [(out.first_token(), 1), (out.first_token(3), 2)]
    out.send(out.wallet, out.credit.functions.retire(ranges, "B", "", ""))
    finish(out)
    amounts = Retirement.objects.order_by("pk").values_list("amount_grams", flat=True)
    assert list(amounts) == [TONNE, 2 * TONNE]
    assert out.broken() == []


def test_applying_again_credits_nothing_again(out: Settlement) -> None:
    out.redeem([(out.first_token(), 2)])
    finish(out)
    transfers = Transfer.objects.count()
    for _turn in range(3):
        out.mine(1)
        out.follow()
    assert Transfer.objects.count() == transfers
    assert not ChainEvent.objects.filter(applied_at__isnull=True, block_number__lte=0).exists()
    assert Balance.objects.get(owner=out.owner).available == 7 * TONNE

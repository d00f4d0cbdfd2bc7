"""The CC pool: credits in, CC out, gram for micro-unit, and back."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from apps.accounts.errors import Conflict, InsufficientFunds, ServiceError
from apps.accounts.ledger.services import CUSTODY, HOUSE, Leg, ledger_post, platform_owner_get
from apps.accounts.models import Asset, Balance, Owner, Transfer, User
from apps.nft.invariants import cc_is_backed
from apps.nft.models import Pledge, PoolRule
from apps.nft.selectors.pool import (
    class_is_eligible,
    classes_eligible,
    lots_pooled,
    pool_state,
)
from apps.nft.services.pool import pledge_create, pool_redeem, pool_redeem_first
from apps.registry.models import CreditClass, Label, Project, Registry
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.labels import class_of
from tests.support.registry import labels_work_out

TONNE = 1_000_000


def class_make(*, code: str = "VCS-1", year: int = 2020, kind: str = "Waste") -> CreditClass:
    registry, _ = Registry.objects.get_or_create(code="VCS", defaults={"name": "Verra"})
    project = Project.objects.create(
        registry=registry,
        registry_project_id=code.split("-")[1],
        code=code,
        name=f"Project {code}",
        project_type=kind,
    )
    asset = Asset.objects.create(code=f"{code}-{year}", kind=Asset.Kind.CREDIT, name=code)
    return CreditClass.objects.create(
        project=project, year=year, code=f"{code}-{year}", asset=asset
    )


def give(owner: Owner, asset: Asset, amount: int) -> None:
    with transaction.atomic():
        custody = platform_owner_get(name=CUSTODY)
        ledger_post(legs=[Leg(custody, owner, asset, amount, Transfer.Kind.CUSTODY, 1)])


def available(owner: Owner, code: str) -> int:
    return Balance.objects.get(owner=owner, asset__code=code).available


@pytest.fixture
def credit_class(db: None) -> CreditClass:
    Asset.objects.get_or_create(code="CC", kind=Asset.Kind.CC, name="Carbon credit token")
    PoolRule.objects.create(vintage_from=2018)
    return class_make()


@pytest.fixture
def owner(credit_class: CreditClass) -> Owner:
    user = User.objects.create_user("individual@example.org", "pass")
    owner, _ = Owner.objects.get_or_create(user=user)
    give(owner, credit_class.asset, 5 * TONNE)
    return owner


def test_a_pledge_turns_grams_into_as_much_cc(owner: Owner, credit_class: CreditClass) -> None:
    pledge_create(
        owner=owner, credit_class=credit_class, amount_grams=1_234_567, idempotency_key="a"
    )
    assert available(owner, credit_class.code) == 5 * TONNE - 1_234_567
    assert available(owner, "CC") == 1_234_567
    assert pool_state().backing == [(credit_class, 1_234_567)]
    assert list(cc_is_backed()) == []


def test_cc_comes_back_as_credits(owner: Owner, credit_class: CreditClass) -> None:
    pledge_create(owner=owner, credit_class=credit_class, amount_grams=TONNE, idempotency_key="a")
    pool_redeem(owner=owner, credit_class=credit_class, amount_grams=400_000, idempotency_key="b")
    assert available(owner, credit_class.code) == 4 * TONNE + 400_000
    assert available(owner, "CC") == 598_000, "half a percent for the choice"
    assert available(platform_owner_get(name=HOUSE), "CC") == 2_000
    assert pool_state().supply_grams == pool_state().backing_grams == 600_000


def test_what_came_in_first_goes_out_first_and_free(
    owner: Owner, credit_class: CreditClass
) -> None:
    other = class_make(code="VCS-2")
    give(owner, other.asset, 5 * TONNE)
    for key, pledged, grams in (
        ("1", credit_class, 100),
        ("2", other, 200),
        ("3", credit_class, 50),
    ):
        pledge_create(owner=owner, credit_class=pledged, amount_grams=grams, idempotency_key=key)
    # Chosen, so the oldest of that class are gone: 20 of the first pledge stay.
    pool_redeem(owner=owner, credit_class=credit_class, amount_grams=80, idempotency_key="c")
    made = pool_redeem_first(owner=owner, amount_grams=240, idempotency_key="f")
    assert [(it.credit_class, it.amount_grams, it.fee_micro) for it in made] == [
        (credit_class, 40, 0),
        (other, 200, 0),
    ]
    assert pool_redeem_first(owner=owner, amount_grams=240, idempotency_key="f") == made
    assert [(lot.credit_class_id, lot.grams) for lot in lots_pooled()] == [(credit_class.pk, 30)]
    assert pool_state().supply_grams == pool_state().backing_grams == 30
    with pytest.raises(Conflict) as refusal:
        pool_redeem_first(owner=owner, amount_grams=31, idempotency_key="g")
    assert refusal.value.code == "pool_short"
    for again in (
        lambda: pool_redeem_first(owner=owner, amount_grams=241, idempotency_key="f"),
        lambda: pool_redeem(
            owner=owner, credit_class=credit_class, amount_grams=40, idempotency_key="f"
        ),
    ):
        with pytest.raises(Conflict) as refusal:
            again()
        assert refusal.value.code == "idempotency_key_reused"


def test_a_rule_may_want_a_label_of_all_the_class(db: None) -> None:
    taxonomy_load()
    labels_work_out()
    labelled, plain = (
        class_of(("ICVCM CCP",), project="1"),
        class_of(("Social Carbon",), project="2"),
    )
    PoolRule.objects.create(vintage_from=2000, label=Label.objects.get(code="ccp"))
    assert list(classes_eligible()) == [labelled]
    assert class_is_eligible(labelled)
    assert not class_is_eligible(plain)


def test_the_pool_gives_no_more_than_it_has(owner: Owner, credit_class: CreditClass) -> None:
    other = class_make(code="VCS-2")
    pledge_create(owner=owner, credit_class=credit_class, amount_grams=TONNE, idempotency_key="a")
    with pytest.raises(InsufficientFunds):
        pool_redeem(owner=owner, credit_class=other, amount_grams=1, idempotency_key="b")
    assert available(owner, "CC") == TONNE


def test_a_pledge_beyond_the_balance_changes_nothing(
    owner: Owner, credit_class: CreditClass
) -> None:
    with pytest.raises(InsufficientFunds):
        pledge_create(
            owner=owner, credit_class=credit_class, amount_grams=6 * TONNE, idempotency_key="a"
        )
    assert available(owner, credit_class.code) == 5 * TONNE
    assert not Pledge.objects.exists()


@pytest.mark.parametrize("amount", [0, -1])
def test_a_pledge_moves_at_least_a_gram(
    owner: Owner, credit_class: CreditClass, amount: int
) -> None:
    with pytest.raises(ServiceError) as refused:
        pledge_create(
            owner=owner, credit_class=credit_class, amount_grams=amount, idempotency_key="a"
        )
    assert refused.value.code == "amount_not_positive"


def test_repeating_the_key_pledges_once(owner: Owner, credit_class: CreditClass) -> None:
    first, second = (
        pledge_create(
            owner=owner, credit_class=credit_class, amount_grams=TONNE, idempotency_key="a"
        )
        for _ in range(2)
    )
    assert first == second
    assert available(owner, "CC") == TONNE


def test_one_key_for_two_amounts_is_refused(owner: Owner, credit_class: CreditClass) -> None:
    pledge_create(owner=owner, credit_class=credit_class, amount_grams=TONNE, idempotency_key="a")
    with pytest.raises(Conflict) as refused:
        pledge_create(owner=owner, credit_class=credit_class, amount_grams=1, idempotency_key="a")
    assert refused.value.code == "idempotency_key_reused"


def test_rules_decide_what_the_pool_takes(owner: Owner) -> None:
    old = class_make(code="VCS-3", year=2010)
    forest = class_make(code="VCS-4", year=2011, kind="Agriculture Forestry and Other Land Use")
    PoolRule.objects.create(vintage_from=2011, project_type_contains="forestry")
    assert forest in classes_eligible()
    assert old not in classes_eligible()
    with pytest.raises(ServiceError) as refused:
        pledge_create(owner=owner, credit_class=old, amount_grams=1, idempotency_key="a")
    assert refused.value.code == "class_not_eligible"


def test_without_rules_nothing_is_eligible(credit_class: CreditClass) -> None:
    PoolRule.objects.all().delete()
    assert not classes_eligible().exists()


def test_unbacked_cc_is_named(owner: Owner) -> None:
    give(owner, Asset.objects.get(code="CC"), 7)
    assert list(cc_is_backed()) == ["7 CC micro-units issued, 0 grams pooled"]


@pytest.mark.django_db(transaction=True)
def test_the_same_key_sent_twice_at_once_pledges_once(
    owner: Owner, credit_class: CreditClass
) -> None:
    barrier = threading.Barrier(2)
    pledges: list[Pledge] = []

    def send() -> None:
        barrier.wait()
        pledges.append(
            pledge_create(
                owner=owner, credit_class=credit_class, amount_grams=TONNE, idempotency_key="a"
            )
        )
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(pledges) == 2
    assert pledges[0] == pledges[1]
    assert available(owner, "CC") == TONNE

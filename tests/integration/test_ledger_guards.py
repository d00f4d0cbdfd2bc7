"""What PostgreSQL itself refuses about the ledger, with every service bypassed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from psycopg.errors import ForeignKeyViolation

from apps.accounts.ledger.models import Asset, Balance, Owner, Transfer
from apps.accounts.ledger.services import BRIDGE, CUSTODY, platform_owner_get
from tests.support.factories import (
    TONNE,
    asset_make,
    fund,
    organisation_make,
    owner_make,
    user_make,
)

pytestmark = pytest.mark.django_db


def execute(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@contextmanager
def refused(match: str, error: type[DatabaseError] = IntegrityError) -> Iterator[None]:
    with pytest.raises(error, match=match), transaction.atomic():
        yield


def insert_transfer(source: int, target: int, amount: int = 1) -> None:
    execute(
        "INSERT INTO accounts_transfer"
        " (from_balance_id, to_balance_id, amount, kind, reference, batch)"
        " VALUES (%s, %s, %s, 1, 1, 1)",
        source,
        target,
        amount,
    )


def copy_transfers(rows: list[tuple[int, int]]) -> None:
    columns = "from_balance_id, to_balance_id, amount, kind, reference, batch"
    sql = f"COPY accounts_transfer ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(sql) as lines:
        for source, target in rows:
            lines.write_row((source, target, 1, 1, 1, 1))


@pytest.fixture
def cash() -> Asset:
    return asset_make("USDC")


@pytest.fixture
def funded(cash: Asset) -> Balance:
    return fund(owner_make(), cash, TONNE)


# --- balances ------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["available", "held"])
def test_no_part_of_a_balance_is_negative(funded: Balance, part: str) -> None:
    with refused("not_negative"):
        execute(f"UPDATE accounts_balance SET {part} = -1 WHERE id = %s", funded.pk)
    execute(f"UPDATE accounts_balance SET {part} = 0 WHERE id = %s", funded.pk)


@pytest.mark.parametrize("part", ["available", "held"])
def test_no_balance_starts_negative(cash: Asset, part: str) -> None:
    with refused("not_negative"):
        execute(
            f"INSERT INTO accounts_balance (owner_id, asset_id, {part}) VALUES (%s, %s, -1)",
            owner_make().pk,
            cash.pk,
        )


def test_custody_alone_goes_below_zero(cash: Asset) -> None:
    sql = "INSERT INTO accounts_balance (owner_id, asset_id, available) VALUES (%s, %s, -5)"
    execute(sql, platform_owner_get(name=CUSTODY).pk, cash.pk)
    with refused("not_negative"):
        execute(sql, platform_owner_get(name=BRIDGE).pk, cash.pk)


def test_not_even_custody_holds_less_than_nothing(cash: Asset) -> None:
    with refused("held_not_negative"):
        execute(
            "INSERT INTO accounts_balance (owner_id, asset_id, held) VALUES (%s, %s, -1)",
            platform_owner_get(name=CUSTODY).pk,
            cash.pk,
        )


def test_the_exemption_cannot_be_claimed(funded: Balance, cash: Asset) -> None:
    execute("UPDATE accounts_balance SET is_custody = true WHERE id = %s", funded.pk)
    funded.refresh_from_db()
    assert funded.is_custody is False
    execute(
        "INSERT INTO accounts_balance (owner_id, asset_id, is_custody) VALUES (%s, %s, true)",
        owner_make().pk,
        cash.pk,
    )
    assert (
        not Balance.objects.filter(is_custody=True).exclude(owner__platform_name=CUSTODY).exists()
    )
    with refused("not_negative"):
        execute(
            "UPDATE accounts_balance SET is_custody = true, available = -1 WHERE id = %s", funded.pk
        )


def test_an_owner_has_one_balance_of_an_asset(funded: Balance) -> None:
    with refused("accounts_balance_once"):
        execute(
            "INSERT INTO accounts_balance (owner_id, asset_id) VALUES (%s, %s)",
            funded.owner_id,
            funded.asset_id,
        )


def test_a_balance_keeps_its_owner_and_its_asset(funded: Balance) -> None:
    other = asset_make("OTHER")
    with refused("keeps its owner and asset"):
        execute(
            "UPDATE accounts_balance SET owner_id = %s WHERE id = %s", owner_make().pk, funded.pk
        )
    with refused("keeps its owner and asset"):
        execute("UPDATE accounts_balance SET asset_id = %s WHERE id = %s", other.pk, funded.pk)


def test_a_balance_is_never_deleted(cash: Asset) -> None:
    empty = Balance.objects.create(owner=owner_make(), asset=cash)
    with refused("never deleted"):
        execute("DELETE FROM accounts_balance WHERE id = %s", empty.pk)


# --- owners --------------------------------------------------------------------------------------


def test_an_owner_is_exactly_one_of_person_organisation_and_platform() -> None:
    user, organisation = user_make(), organisation_make()
    user.owner.delete()
    sql = "INSERT INTO accounts_owner (user_id, organisation_id, platform_name) VALUES (%s, %s, %s)"
    for values in ((None, None, None), (user.pk, None, "fees"), (None, organisation.pk, "fees")):
        with refused("exactly_one|unique|duplicate"):
            execute(sql, *values)
    execute(sql, user.pk, None, None)


def test_an_owner_keeps_who_it_is() -> None:
    owner, name = owner_make(), "custody"
    with refused("keeps who it is"):
        execute(
            "UPDATE accounts_owner SET user_id = NULL, platform_name = %s WHERE id = %s",
            name,
            owner.pk,
        )
    with refused("keeps who it is"):
        execute(
            "UPDATE accounts_owner SET platform_name = 'fees' WHERE id = %s",
            platform_owner_get(name=name).pk,
        )


def test_there_is_one_custody() -> None:
    platform_owner_get(name=CUSTODY)
    with refused("duplicate"):
        execute("INSERT INTO accounts_owner (platform_name) VALUES ('custody')")


@pytest.mark.django_db(transaction=True)
def test_an_owner_with_a_balance_is_never_deleted(funded: Balance) -> None:
    with refused("foreign key"):
        execute("DELETE FROM accounts_owner WHERE id = %s", funded.owner_id)
    assert Owner.objects.filter(pk=funded.owner_id).exists()


# --- transfers -----------------------------------------------------------------------------------


def test_a_transfer_is_never_changed_or_deleted(funded: Balance) -> None:
    transfer = Transfer.objects.get()
    with refused("append-only: UPDATE refused"):
        execute("UPDATE accounts_transfer SET amount = 1 WHERE id = %s", transfer.pk)
    with refused("append-only: DELETE refused"):
        execute("DELETE FROM accounts_transfer WHERE id = %s", transfer.pk)
    assert Transfer.objects.get().amount == TONNE


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("setting", ["off", "", "1"])
@pytest.mark.parametrize("tables", ["transfer", "balance", "asset CASCADE", "owner CASCADE"])
@pytest.mark.usefixtures("funded")
def test_neither_transfers_nor_balances_are_truncated(tables: str, setting: str) -> None:
    with refused("append-only: TRUNCATE refused"):
        execute("SELECT set_config('ccmarket.allow_truncate', %s, true)", setting)
        execute(f"TRUNCATE accounts_{tables}")
    assert Transfer.objects.exists()
    assert Balance.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("funded")
def test_only_connections_of_a_test_run_may_empty_the_ledger() -> None:
    execute("TRUNCATE accounts_transfer, accounts_balance")
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_moves_something_forwards(funded: Balance, amount: int) -> None:
    target = fund(owner_make(), funded.asset, 1)
    with refused("accounts_transfer_positive"):
        insert_transfer(funded.pk, target.pk, amount)


def test_a_transfer_joins_two_different_balances(funded: Balance) -> None:
    with refused("two_balances"):
        insert_transfer(funded.pk, funded.pk)


def test_a_transfer_joins_two_balances_of_one_asset(funded: Balance) -> None:
    other = fund(owner_make(), asset_make("OTHER"), 1)
    same = fund(owner_make(), funded.asset, 1)
    with refused("does not join two balances of one asset"):
        insert_transfer(funded.pk, other.pk)
    insert_transfer(funded.pk, same.pk)


@pytest.mark.parametrize("missing", ["from", "to", "both"])
def test_a_transfer_joins_balances_that_exist(funded: Balance, missing: str) -> None:
    source = 10**9 if missing in ("from", "both") else funded.pk
    target = 10**9 + 1 if missing in ("to", "both") else funded.pk
    with refused("does not join two balances of one asset"):
        insert_transfer(source, target)


def test_one_wrong_row_in_a_copy_refuses_the_whole_copy(funded: Balance) -> None:
    same = fund(owner_make(), funded.asset, 1)
    other = fund(owner_make(), asset_make("OTHER"), 1)
    before = Transfer.objects.count()
    rows = [(funded.pk, same.pk)] * 50 + [(funded.pk, other.pk)] + [(funded.pk, same.pk)] * 50
    with pytest.raises(ForeignKeyViolation, match="does not join"), transaction.atomic():
        copy_transfers(rows)
    assert Transfer.objects.count() == before


# --- assets --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_asset_that_somebody_holds_is_never_deleted(funded: Balance) -> None:
    with refused("foreign key"):
        execute("DELETE FROM accounts_asset WHERE id = %s", funded.asset_id)

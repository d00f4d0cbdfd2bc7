"""What classes carry follows everything that it rests on, at the end of each transaction."""

from __future__ import annotations

import threading
import time
from datetime import date

import pytest
from django.db import connection, transaction

from apps.registry.invariants_labels import classes_carry_the_labels_of_their_blocks as broken
from apps.registry.models import CarriedLabel, CreditClass, LabelsDue, RegistryEntry
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.labels import blocks_of, class_of, grant, labels_of, vintage_of
from tests.support.registry import labels_work_out

WAIT_S = 20
LOCK = "PERFORM pg_advisory_xact_lock(hashtext('registry_labels_due'));"


@pytest.fixture(autouse=True)
def _labels(db: None) -> None:
    taxonomy_load()


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_whatever_a_label_rests_on_changes_what_a_class_carries() -> None:
    labels_work_out()
    credit_class = class_of(("ICVCM CCP", "Social Carbon"), ("ICVCM CCP",))
    RegistryEntry.objects.create(
        registry=credit_class.project.registry,
        project=credit_class.project,
        kind=RegistryEntry.Kind.ISSUANCE,
        reference="1",
        year=credit_class.year,
        quantity_grams=1_000_000,
        labels=["ARB Eligible"],
    )
    grant("w-plus", project=credit_class.project)
    grant("crown-standard", vintage=vintage_of(credit_class))
    grant("ecology", block=blocks_of(credit_class)[0])
    before = labels_of(credit_class)
    assert set(before) == {"ccp", "social-carbon", "arb", "w-plus", "crown-standard", "ecology"}
    for statement in (
        "UPDATE registry_serialblock SET certifications = '{ICVCM CCP,SDG 13}'",
        "UPDATE registry_project SET sdgs = '{7}'",
        "UPDATE registry_registryentry SET labels = '{CCP Approved}'",
        "UPDATE registry_registryentry SET labels = '{ARB Eligible}'",
        "UPDATE registry_registryentry SET year = 2022",
        "UPDATE registry_registryentry SET year = 2023",
        "DELETE FROM registry_registryentry",
        'UPDATE registry_labelgrant SET until = "on" - 1, "on" = "on" - 2'
        " WHERE project_id IS NOT NULL",
        "DELETE FROM registry_labelgrant WHERE vintage_id IS NOT NULL",
        "DELETE FROM registry_labelgrant WHERE block_id IS NOT NULL",
        "DELETE FROM registry_labelspelling WHERE text = 'SDG 13'",
        "UPDATE registry_label SET broader_id = (SELECT id FROM registry_label WHERE code = 'ccb')"
        " WHERE code = 'ccp'",
        "UPDATE registry_vintage SET credit_class_id = NULL",
    ):
        run(statement)
        assert list(broken()) == [], statement
        # What is broader is not shown beside what is narrower.
        carried = CreditClass.objects.get(pk=credit_class.pk).labels
        after = dict(carried.values_list("label__code", "is_whole"))
        assert after != before, statement
        before = after
    assert before == {}


def test_what_differs_from_the_blocks_is_found() -> None:
    labels_work_out()
    credit_class = class_of(("ICVCM CCP",))
    assert list(broken()) == []
    CarriedLabel.objects.update(whole_days="{}")
    [line] = broken()
    assert line.startswith(f"{credit_class.code}: ccp on {{(,)}}, whole on {{}};")
    CarriedLabel.objects.all().delete()
    assert len(list(broken())) == 1


def test_days_to_come_are_known_today() -> None:
    labels_work_out()
    credit_class = class_of((), ())
    first, second = blocks_of(credit_class)
    grant("ccp", block=first, on=date(2090, 1, 1))
    grant("ccp", block=second, on=date(2091, 1, 1), until=date(2091, 12, 31))
    assert labels_of(credit_class) == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT days::text, whole_days::text FROM registry_carriedlabel")
        assert cursor.fetchall() == [("{[2090-01-01,)}", "{[2091-01-01,2092-01-01)}")]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_works_its_labels_out_once_at_its_end() -> None:
    credit_class = class_of(("ICVCM CCP",), ())
    with transaction.atomic():
        for block in blocks_of(credit_class):
            grant("w-plus", block=block)
        assert labels_of(credit_class) == {"ccp": False}
        assert LabelsDue.objects.count() == 2
    assert labels_of(credit_class) == {"ccp": False, "w-plus": True}
    assert not LabelsDue.objects.exists()


def at_once(credit_class: CreditClass) -> None:
    """Two transactions give one label to a block each; the first has worked it out already."""

    def second() -> None:
        grant("ccp", block=blocks_of(credit_class)[1])
        connection.close()

    thread = threading.Thread(target=second, daemon=True)
    with transaction.atomic():
        grant("ccp", block=blocks_of(credit_class)[0])
        labels_work_out()
        thread.start()
        until_s = time.monotonic() + WAIT_S
        while not _somebody_waits():
            assert time.monotonic() < until_s, "the second should wait for the first"
            time.sleep(0.01)
    thread.join(WAIT_S)
    assert not thread.is_alive()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_the_second_sees_what_the_first_did() -> None:
    credit_class = class_of((), ())
    at_once(credit_class)
    assert labels_of(credit_class) == {"ccp": True}


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_it_would_not() -> None:
    credit_class = class_of((), ())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('registry_labels_due'::regproc)")
        guarded = cursor.fetchone()[0]
    assert LOCK in guarded
    try:
        run(guarded.replace(LOCK, ""))
        at_once(credit_class)
        assert labels_of(credit_class) == {"ccp": False}
        assert list(broken()) != []
    finally:
        run(guarded)

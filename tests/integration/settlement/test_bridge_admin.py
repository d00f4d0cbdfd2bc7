"""Staff see every intent, attempt and nonce, halt alone, and resume in two."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.nft.models import BridgeHalt, BridgeIntent, BridgeResume, ChainTransaction, Signer
from apps.nft.services.halts import bridge_is_halted
from tests.support.factories import client_of, staff_make, user_make
from tests.support.settlement import Settlement

READABLE = [
    *("mintrequest", "bridgeintent", "signer", "chaintransaction", "chain", "contract"),
    *("chainevent", "token", "tokenredemption", "bridgehalt", "bridgeresume"),
]


@pytest.fixture
def viewer(settlement: Settlement) -> Client:
    """May look at everything of the bridge, after tonnes went out and some came back."""
    settlement.ask(3)
    settlement.settle()
    settlement.redeem([(settlement.first_token(), 1)])
    settlement.mine(2)
    settlement.follow()
    staff = staff_make()
    staff.user_permissions.set(
        Permission.objects.filter(content_type__app_label="nft", codename__startswith="view_")
    )
    return client_of(staff)


@pytest.mark.parametrize("model", READABLE)
def test_staff_can_list_and_open_everything(viewer: Client, model: str) -> None:
    listed = viewer.get(reverse(f"admin:nft_{model}_changelist"))
    assert listed.status_code == 200
    rows = listed.context["cl"].result_list
    if rows:
        opened = viewer.get(reverse(f"admin:nft_{model}_change", args=(rows[0].pk,)))
        assert opened.status_code == 200


def test_an_intent_shows_its_attempts_and_nonces(viewer: Client) -> None:
    intent = BridgeIntent.objects.get()
    attempt = ChainTransaction.objects.get(intent=intent)
    page = viewer.get(reverse("admin:nft_bridgeintent_change", args=(intent.pk,))).content.decode()
    assert str(attempt.hash) in page
    listed = viewer.get(reverse("admin:nft_bridgeintent_changelist")).content.decode()
    assert f"{attempt.nonce} (1)" in listed
    signers = viewer.get(reverse("admin:nft_signer_changelist")).content.decode()
    assert str(Signer.objects.get(role="minter").address) in signers


@pytest.mark.parametrize("model", [m for m in READABLE if m not in ("bridgehalt", "bridgeresume")])
def test_nothing_can_be_added_changed_or_deleted_by_hand(
    settlement: Settlement, model: str
) -> None:
    root = client_of(user_make(is_staff=True, is_superuser=True))
    assert root.get(reverse(f"admin:nft_{model}_add")).status_code == 403
    settlement.ask(1)
    settlement.settle()
    rows = root.get(reverse(f"admin:nft_{model}_changelist")).context["cl"].result_list
    for row in rows[:1]:
        change = reverse(f"admin:nft_{model}_change", args=(row.pk,))
        assert root.post(change, {}).status_code == 403
        delete = reverse(f"admin:nft_{model}_delete", args=(row.pk,))
        assert root.post(delete, {"post": "yes"}).status_code == 403


def decide(client: Client, proposal: BridgeResume, verb: str) -> None:
    url = reverse(f"admin:nft_bridgeresume_{verb}", args=(proposal.pk,))
    client.post(url, {"_form_submitted": "on", "note": "seen"})


def test_one_halts_and_two_resume(settlement: Settlement) -> None:
    may = (("add", BridgeResume), ("change", BridgeResume), ("view", BridgeHalt))
    one, two = client_of(staff_make(*may)), client_of(staff_make(*may))
    one.post(reverse("admin:nft_bridgehalt_add"), {"reason": "Something looks wrong"})
    halt = BridgeHalt.objects.get()
    assert bridge_is_halted()
    one.post(reverse("admin:nft_bridgeresume_add"), {"halt": halt.pk, "finding": "It was nothing"})
    proposal = BridgeResume.objects.get()
    decide(one, proposal, "approve")
    assert bridge_is_halted()
    decide(two, proposal, "approve")
    assert not bridge_is_halted()


def test_who_only_looks_cannot_halt(viewer: Client) -> None:
    viewer.post(reverse("admin:nft_bridgehalt_add"), {"reason": "mischief"})
    assert not bridge_is_halted()

"""Separate keys, pausing, and an admin who cannot be replaced in one step: both contracts."""

from typing import Any

import pytest
from web3 import Web3
from web3.contract import Contract

from tests.support.contracts import ADMIN_DELAY_S, DAILY_CAP_MICRO, Block, World

ADMIN_ROLE = bytes(32)
MINTER_ROLE = Web3.keccak(text="MINTER_ROLE")
PAUSER_ROLE = Web3.keccak(text="PAUSER_ROLE")


@pytest.fixture(params=["credit", "cc"])
def contract(world: World, request: pytest.FixtureRequest) -> Contract:
    return getattr(world, request.param)


def test_each_role_is_on_its_own_key(world: World, contract: Contract) -> None:
    roles = {ADMIN_ROLE: world.admin, MINTER_ROLE: world.minter, PAUSER_ROLE: world.pauser}
    for role, holder in roles.items():
        for person in (world.admin, world.minter, world.pauser, world.alice):
            assert contract.functions.hasRole(role, person).call() == (person == holder)


def test_no_key_gets_a_second_role(world: World, contract: Contract) -> None:
    for role, person in [
        (MINTER_ROLE, world.pauser),
        (PAUSER_ROLE, world.minter),
        (MINTER_ROLE, world.admin),
        (PAUSER_ROLE, world.admin),
    ]:
        with world.reverts("RoleNotSeparate", person, contract=contract):
            contract.functions.grantRole(role, person).call({"from": world.admin})


@pytest.mark.parametrize("shared", [(0, 0, 1), (0, 1, 0), (0, 1, 1)])
def test_it_is_not_deployed_with_a_shared_key(world: World, shared: tuple[int, ...]) -> None:
    keys = [world.web3.eth.accounts[i] for i in shared]
    twice = next(key for key in keys if keys.count(key) > 1)
    with world.reverts("RoleNotSeparate", twice, contract=world.cc):
        world.deploy("CCToken", ADMIN_DELAY_S, *keys, DAILY_CAP_MICRO)


def test_only_the_admin_hands_out_roles(world: World, contract: Contract) -> None:
    for person in (world.minter, world.pauser, world.alice):
        with world.reverts(
            "AccessControlUnauthorizedAccount", person, ADMIN_ROLE, contract=contract
        ):
            contract.functions.grantRole(MINTER_ROLE, world.bob).call({"from": person})


def test_a_lost_minter_key_is_replaced(world: World, contract: Contract) -> None:
    world.send(world.admin, contract.functions.revokeRole(MINTER_ROLE, world.minter))
    world.send(world.admin, contract.functions.grantRole(MINTER_ROLE, world.bob))
    call = mint_call(world, contract)
    with world.reverts(
        "AccessControlUnauthorizedAccount", world.minter, MINTER_ROLE, contract=contract
    ):
        call.call({"from": world.minter})
    world.send(world.bob, call)


def test_the_admin_is_replaced_in_two_steps_with_a_delay(world: World, contract: Contract) -> None:
    functions = contract.functions
    with world.reverts("AccessControlEnforcedDefaultAdminRules", contract=contract):
        functions.grantRole(ADMIN_ROLE, world.bob).call({"from": world.admin})
    world.send(world.admin, functions.beginDefaultAdminTransfer(world.bob))
    _, schedule = functions.pendingDefaultAdmin().call()
    with world.reverts("AccessControlEnforcedDefaultAdminDelay", schedule, contract=contract):
        functions.acceptDefaultAdminTransfer().call({"from": world.bob})
    world.rpc("evm_increaseTime", ADMIN_DELAY_S + 1)
    world.rpc("evm_mine")
    world.send(world.bob, functions.acceptDefaultAdminTransfer())
    assert functions.defaultAdmin().call() == world.bob
    assert functions.owner().call() == world.bob


def test_the_pauser_stops_and_only_the_admin_starts_again(world: World, contract: Contract) -> None:
    functions = contract.functions
    for person in (world.admin, world.minter, world.alice):
        with world.reverts(
            "AccessControlUnauthorizedAccount", person, PAUSER_ROLE, contract=contract
        ):
            functions.pause().call({"from": person})
    world.send(world.pauser, functions.pause())
    assert functions.paused().call()
    for person in (world.pauser, world.minter, world.alice):
        with world.reverts(
            "AccessControlUnauthorizedAccount", person, ADMIN_ROLE, contract=contract
        ):
            functions.unpause().call({"from": person})
    world.send(world.admin, functions.unpause())
    world.send(world.minter, mint_call(world, contract))


def test_credits_stand_still_while_paused(world: World) -> None:
    first = world.mint(world.alice, 3)
    world.send(world.pauser, world.credit.functions.pause())
    functions = world.credit.functions
    for person, call in [
        (world.minter, mint_call(world, world.credit)),
        (world.alice, functions.transferFrom(world.alice, world.bob, first)),
        (world.alice, functions.transferRanges(world.alice, world.bob, [(first, 2)])),
        (world.alice, functions.retire([(first, 1)], "", "", "")),
        (world.alice, functions.redeem([(first, 1)], bytes(32))),
    ]:
        with world.reverts("EnforcedPause"):
            call.call({"from": person})
    world.send(world.alice, functions.approve(world.bob, first))
    assert functions.ownerOf(first).call() == world.alice


def test_cc_stands_still_while_paused(world: World) -> None:
    world.send(world.minter, world.cc.functions.mint(world.minter, 5, b"1" * 32))
    world.send(world.pauser, world.cc.functions.pause())
    for call in (
        world.cc.functions.mint(world.alice, 5, b"2" * 32),
        world.cc.functions.transfer(world.alice, 1),
        world.cc.functions.burn(1, b"3" * 32),
    ):
        with world.reverts("EnforcedPause", contract=world.cc):
            call.call({"from": world.minter})


def test_only_the_admin_sets_the_cap_and_the_metadata(world: World, contract: Contract) -> None:
    calls = [contract.functions.setDailyCap(1)]
    if contract is world.credit:
        calls.append(contract.functions.setBaseURI("x"))
    for call in calls:
        for person in (world.minter, world.pauser, world.alice):
            with world.reverts(
                "AccessControlUnauthorizedAccount", person, ADMIN_ROLE, contract=contract
            ):
                call.call({"from": person})


def mint_call(world: World, contract: Contract) -> Any:
    key = Web3.keccak(text="roles")
    if contract is world.cc:
        return contract.functions.mint(world.alice, 1, key)
    first = Block().first_serial + 100
    return contract.functions.mintBatch(world.alice, 1, Block(), first, 1, key)

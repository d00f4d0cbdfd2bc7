// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {Vault} from "../src/Vault.sol";
import {DevelopmentCoin} from "../support/Coins.sol";
import {VM} from "./Vm.sol";

/// @title What was deposited leaves by an intent, once, within the day's cap, and in no other way
contract VaultProofs {
    address private constant ADMIN = address(0xAD);
    address private constant PAUSER = address(0xBA);

    DevelopmentCoin private immutable COIN = new DevelopmentCoin();

    function check_what_is_held_is_there(
        uint112 cap, uint256 deposited, uint256 stray, uint256 withdrawn, address to, bytes32 account
    ) external {
        Vault vault = _vault(cap, deposited, stray, account);
        vault.withdraw(COIN, to, withdrawn, "one");
        assert(vault.heldOf(COIN) == deposited - withdrawn);
        assert(COIN.balanceOf(address(vault)) == deposited + stray - withdrawn);
    }

    function check_a_day_pays_no_more_than_its_cap(
        uint112 cap,
        uint112 laterCap,
        uint256 deposited,
        uint256 first,
        uint256 second,
        uint32 start,
        uint32 later
    ) external {
        Vault vault = _vault(cap, deposited, 0, bytes32(0));
        VM.warp(start);
        vault.withdraw(COIN, address(this), first, "one");
        VM.prank(ADMIN);
        vault.setCoin(COIN, true, laterCap);
        VM.assume(later >= start);
        VM.warp(later);
        vault.withdraw(COIN, address(this), second, "two");
        assert(first <= cap && second <= laterCap);
        if (start / 1 days == later / 1 days) assert(first + second <= laterCap);
    }

    function check_an_intent_pays_once(
        uint112 cap, uint256 deposited, uint256 first, uint256 second, bytes32 intent, address to
    ) external {
        Vault vault = _vault(cap, deposited, 0, bytes32(0));
        vault.withdraw(COIN, to, first, intent);
        (bool done,) = address(vault).call(abi.encodeCall(vault.withdraw, (COIN, to, second, intent)));
        assert(!done && vault.heldOf(COIN) == deposited - first);
    }

    function check_nobody_else_takes_what_is_held(
        uint112 cap, uint256 deposited, uint256 stray, uint256 amount, address caller, address to
    ) external {
        Vault vault = _vault(cap, deposited, stray, bytes32(0));
        VM.assume(caller != address(this));
        VM.prank(caller);
        (bool paid,) = address(vault).call(abi.encodeCall(vault.withdraw, (COIN, to, amount, "one")));
        VM.prank(caller);
        (bool sent,) = address(vault).call(abi.encodeCall(vault.recoverStray, (COIN, to)));
        assert(!paid && (!sent || caller == ADMIN));
        assert(vault.heldOf(COIN) == deposited && COIN.balanceOf(address(vault)) >= deposited);
    }

    function check_nothing_moves_while_paused(
        uint112 cap, uint256 deposited, uint256 more, uint256 amount, address to
    ) external {
        Vault vault = _vault(cap, deposited, 0, bytes32(0));
        VM.prank(PAUSER);
        vault.pause();
        (bool taken,) = address(vault).call(abi.encodeCall(vault.deposit, (COIN, more, bytes32(0))));
        (bool paid,) = address(vault).call(abi.encodeCall(vault.withdraw, (COIN, to, amount, "one")));
        assert(!taken && !paid);
    }

    /// @notice A control: the prover must find the payment that this denies.
    function check_control_nothing_is_paid(uint112 cap, uint256 deposited, uint256 amount) external {
        Vault vault = _vault(cap, deposited, 0, bytes32(0));
        (bool paid,) =
            address(vault).call(abi.encodeCall(vault.withdraw, (COIN, address(this), amount, "one")));
        assert(!paid);
    }

    /// @dev With `deposited` and, by a bare transfer, `stray` of the coin in it.
    function _vault(uint112 cap, uint256 deposited, uint256 stray, bytes32 account)
        private
        returns (Vault vault)
    {
        IERC20[] memory coins = new IERC20[](1);
        uint112[] memory caps = new uint112[](1);
        (coins[0], caps[0]) = (COIN, cap);
        vault = new Vault(1 days, ADMIN, address(this), PAUSER, coins, caps);
        VM.assume(deposited < type(uint128).max && stray < type(uint128).max);
        COIN.mint(address(this), deposited + stray);
        COIN.approve(address(vault), deposited);
        vault.deposit(COIN, deposited, account);
        COIN.transfer(address(vault), stray);
    }
}

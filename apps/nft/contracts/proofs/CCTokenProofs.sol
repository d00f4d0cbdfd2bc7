// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CCToken} from "../src/CCToken.sol";
import {VM} from "./Vm.sol";

/// @title CC is minted once an intent, within the day's cap, and counts what its holders have
contract CCTokenProofs {
    address private constant ADMIN = address(0xAD);
    address private constant PAUSER = address(0xBA);

    function check_supply_is_what_holders_have(
        uint112 cap,
        uint256 minted,
        uint256 sent,
        uint256 burned,
        address bob,
        bytes32 intent,
        bytes32 other
    ) external {
        CCToken cc = _token(cap);
        VM.assume(bob != address(this) && bob != address(0));
        cc.mint(address(this), minted, intent);
        cc.transfer(bob, sent);
        cc.burn(burned, other);
        assert(cc.balanceOf(address(this)) == minted - sent - burned);
        assert(cc.balanceOf(bob) == sent);
        assert(cc.totalSupply() == minted - burned);
    }

    function check_a_day_mints_no_more_than_its_cap(
        uint112 cap,
        uint112 laterCap,
        uint256 first,
        uint256 second,
        uint32 start,
        uint32 later,
        address to
    ) external {
        CCToken cc = _token(cap);
        VM.warp(start);
        cc.mint(to, first, "one");
        VM.prank(ADMIN);
        cc.setDailyCap(laterCap);
        VM.assume(later >= start);
        VM.warp(later);
        cc.mint(to, second, "two");
        assert(first <= cap && second <= laterCap);
        if (start / 1 days == later / 1 days) assert(first + second <= laterCap);
    }

    function check_an_intent_works_once(
        uint112 cap, uint256 first, uint256 second, bytes32 intent, bool burns, address to
    ) external {
        CCToken cc = _token(cap);
        cc.mint(to, first, intent);
        uint256 supply = cc.totalSupply();
        (bool done,) = burns
            ? address(cc).call(abi.encodeCall(cc.burn, (second, intent)))
            : address(cc).call(abi.encodeCall(cc.mint, (to, second, intent)));
        assert(!done && cc.totalSupply() == supply);
    }

    function check_only_the_bridge_mints_and_burns(
        uint112 cap, uint256 amount, address caller, bytes32 intent
    ) external {
        CCToken cc = _token(cap);
        VM.assume(caller != address(this));
        VM.prank(caller);
        (bool minted,) = address(cc).call(abi.encodeCall(cc.mint, (caller, amount, intent)));
        VM.prank(caller);
        (bool burned,) = address(cc).call(abi.encodeCall(cc.burn, (amount, intent)));
        assert(!minted && !burned);
    }

    function check_no_account_gets_a_second_role(bytes32 role, address account) external {
        CCToken cc = _token(0);
        VM.prank(ADMIN);
        (bool done,) = address(cc).call(abi.encodeCall(cc.grantRole, (role, account)));
        if (!done) return;
        uint256 roles = (cc.hasRole(cc.DEFAULT_ADMIN_ROLE(), account) ? 1 : 0)
            + (cc.hasRole(cc.MINTER_ROLE(), account) ? 1 : 0)
            + (cc.hasRole(cc.PAUSER_ROLE(), account) ? 1 : 0);
        assert(roles <= 1);
    }

    function check_nothing_moves_while_paused(uint112 cap, uint256 amount, uint256 moved, address to) external {
        CCToken cc = _token(cap);
        cc.mint(address(this), amount, "one");
        VM.prank(PAUSER);
        cc.pause();
        (bool minted,) = address(cc).call(abi.encodeCall(cc.mint, (to, moved, "two")));
        (bool sent,) = address(cc).call(abi.encodeCall(cc.transfer, (to, moved)));
        (bool burned,) = address(cc).call(abi.encodeCall(cc.burn, (moved, "three")));
        assert(!minted && !sent && !burned);
    }

    /// @notice A control: the prover must find the second mint that this denies.
    function check_control_nothing_is_minted_twice(uint112 cap, uint256 first, uint256 second) external {
        CCToken cc = _token(cap);
        cc.mint(address(this), first, "one");
        (bool done,) = address(cc).call(abi.encodeCall(cc.mint, (address(this), second, "two")));
        assert(!done);
    }

    function _token(uint112 cap) private returns (CCToken) {
        return new CCToken(1 days, ADMIN, address(this), PAUSER, cap);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Range} from "../src/IRangeERC721.sol";
import {RangeERC721} from "../src/RangeERC721.sol";
import {FREE, RETIRED, Standing} from "../src/Segment.sol";
import {VM} from "./Vm.sol";

/// @title A range moves exactly the tokens it names
/// @dev The contract is its own subject: what is internal there is called here, as its descendants
/// call it. For every holder and every range in the ids around the end of a page, where a word ends as well.
contract RangeProofs is RangeERC721 {
    uint256 private constant FIRST = 1022;
    uint256 private constant IDS = 4;

    function check_a_transfer_moves_what_it_names(
        uint256 first,
        uint256 count,
        uint256 moved,
        uint256 movedCount,
        address alice,
        address bob
    ) external {
        (first, count) = _minted(first, count, alice);
        (moved, movedCount) = _within(moved, movedCount, first, count);
        VM.assume(alice != bob && bob != address(0));
        _move(moved, movedCount, _owned(alice), _owned(bob));
        for (uint256 id = FIRST; id < FIRST + IDS; ++id) {
            Standing otherwise = _isIn(id, first, count) ? _owned(alice) : FREE;
            assert(_standingOf(id) == (_isIn(id, moved, movedCount) ? _owned(bob) : otherwise));
        }
        assert(balanceOf(alice) == count - movedCount);
        assert(balanceOf(bob) == movedCount);
    }

    function check_an_approval_ends_when_its_token_moves(
        uint256 first,
        uint256 count,
        uint256 moved,
        uint256 movedCount,
        address alice,
        address bob,
        address spender
    ) external {
        (first, count) = _minted(first, count, alice);
        (moved, movedCount) = _within(moved, movedCount, first, count);
        VM.assume(bob != address(0));
        for (uint256 id = first; id < first + count; ++id) {
            VM.prank(alice);
            this.approve(spender, id);
        }
        _move(moved, movedCount, _owned(alice), _owned(bob));
        for (uint256 id = first; id < first + count; ++id) {
            assert(getApproved(id) == (_isIn(id, moved, movedCount) ? address(0) : spender));
        }
    }

    function check_nothing_is_minted_that_is_out_or_retired(
        uint256 first,
        uint256 count,
        uint256 again,
        uint256 againCount,
        address alice,
        bool isRetired
    ) external {
        (first, count) = _minted(first, count, alice);
        if (isRetired) _move(first, count, _owned(alice), RETIRED);
        (again, againCount) = _range(again, againCount);
        try this.mint(alice, again, againCount) {
            assert(again + againCount <= first || first + count <= again);
        } catch {
            assert(again < first + count && first < again + againCount);
        }
    }

    function check_nobody_moves_what_is_not_theirs(
        uint256 first,
        uint256 count,
        uint256 moved,
        uint256 movedCount,
        address alice,
        address thief,
        address to
    ) external {
        (first, count) = _minted(first, count, alice);
        (moved, movedCount) = _range(moved, movedCount);
        Range[] memory ranges = new Range[](1);
        ranges[0] = Range(moved, movedCount);
        VM.assume(thief != alice && thief != address(0)); // nobody can sign for zero
        VM.prank(thief);
        try this.transferRanges(alice, to, ranges) {
            assert(false);
        } catch {}
    }

    /// @notice A control: the prover must find the transfer that this denies.
    function check_control_no_token_ever_moves(
        uint256 first,
        uint256 count,
        address alice,
        address bob
    ) external {
        (first, count) = _minted(first, count, alice);
        VM.assume(bob != address(0));
        _move(first, count, _owned(alice), _owned(bob));
        assert(_standingOf(first) == _owned(alice));
    }

    function mint(address to, uint256 first, uint256 count) external {
        _move(first, count, FREE, _owned(to));
    }

    function _minted(uint256 first, uint256 count, address holder) private returns (uint256, uint256) {
        VM.assume(holder != address(0));
        (first, count) = _range(first, count);
        _move(first, count, FREE, _owned(holder));
        return (first, count);
    }

    function _within(uint256 first, uint256 count, uint256 outerFirst, uint256 outerCount)
        private
        pure
        returns (uint256, uint256)
    {
        (first, count) = _range(first, count);
        VM.assume(outerFirst <= first && first + count <= outerFirst + outerCount);
        return (first, count);
    }

    /// @dev The same range in numbers instead of unknowns: each becomes a path of the proof.
    function _range(uint256 first, uint256 count) private pure returns (uint256, uint256) {
        for (uint256 start = FIRST; start < FIRST + IDS; ++start) {
            for (uint256 length = 1; start + length <= FIRST + IDS; ++length) {
                if (first == start && count == length) return (start, length);
            }
        }
        VM.assume(false);
        return (0, 0);
    }

    function _owned(address holder) private pure returns (Standing) {
        return Standing.wrap(uint160(holder));
    }

    function _isIn(uint256 id, uint256 first, uint256 count) private pure returns (bool) {
        return first <= id && id < first + count;
    }
}

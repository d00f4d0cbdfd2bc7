// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FREE, RETIRED, Segment, SegmentLib, Standing} from "../src/Segment.sol";

/// @title What a slot says of its tokens is what was put into it
contract SegmentProofs {
    function check_a_segment_gives_back_what_was_packed(uint168 standing, uint88 stamp) external pure {
        Segment segment = SegmentLib.pack(Standing.wrap(standing), stamp);
        assert(Standing.unwrap(segment.standing()) == standing);
        assert(segment.stamp() == stamp);
    }

    function check_an_owner_is_neither_free_nor_retired(address holder) external pure {
        Standing standing = SegmentLib.ownedBy(holder);
        assert(standing.owner() == holder);
        assert(standing != RETIRED);
        assert((standing == FREE) == (holder == address(0)));
    }

    function check_what_is_retired_has_no_owner() external pure {
        assert(RETIRED.owner() == address(0));
        assert(RETIRED != FREE);
    }
}

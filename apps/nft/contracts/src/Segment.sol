// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What is true of a run of token ids from its head up to the next head, in one slot:
// 88 bits stamp | 168 bits standing.
type Segment is uint256;

// The standing of a token: `FREE`, `RETIRED`, or the address of its owner.
type Standing is uint168;

using {eq as ==, neq as !=} for Standing global;
using SegmentLib for Segment global;
using SegmentLib for Standing global;

function eq(Standing a, Standing b) pure returns (bool) {
    return Standing.unwrap(a) == Standing.unwrap(b);
}

function neq(Standing a, Standing b) pure returns (bool) {
    return Standing.unwrap(a) != Standing.unwrap(b);
}

// Never minted, or redeemed: the bridge may mint it.
Standing constant FREE = Standing.wrap(0);

// Consumed for good: it can never be minted again. One bit above every address.
Standing constant RETIRED = Standing.wrap(1 << 160);

/// @title Packing and unpacking of segments
/// @dev The stamp counts how often a token has moved. An approval carries the stamp it was given
/// under and lapses when the token's stamp changes: that is how a range of a thousand tokens
/// loses its single approvals without a write for each of them.
library SegmentLib {
    uint256 private constant STAMP_SHIFT = 168;

    function pack(Standing standing_, uint256 stamp_) internal pure returns (Segment) {
        return Segment.wrap((stamp_ << STAMP_SHIFT) | Standing.unwrap(standing_));
    }

    function standing(Segment segment) internal pure returns (Standing) {
        return Standing.wrap(uint168(Segment.unwrap(segment)));
    }

    function stamp(Segment segment) internal pure returns (uint256) {
        return Segment.unwrap(segment) >> STAMP_SHIFT;
    }

    function ownedBy(address holder) internal pure returns (Standing) {
        return Standing.wrap(uint160(holder));
    }

    /// @return The owner, or the zero address where nobody owns it (free or retired).
    function owner(Standing standing_) internal pure returns (address) {
        return standing_ == RETIRED ? address(0) : address(uint160(Standing.unwrap(standing_)));
    }
}

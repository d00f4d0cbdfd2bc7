// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice `count` tokens with consecutive ids, from `firstTokenId` on.
struct Range {
    uint256 firstTokenId;
    uint256 count;
}

/// @title Moving many ERC-721 tokens in one call
/// @notice A list of ids is a list of ranges of one token each. The ERC-165 id of this interface
/// tells wallets and marketplaces that it is there; every token still emits its own `Transfer`.
interface IRangeERC721 {
    /// @notice The call names no token at all.
    error RangeEmpty();

    /// @notice Move every token of `ranges` from `from` to `to`.
    /// @dev Reverts as a whole unless every token belongs to `from` and the caller is `from`, an
    /// operator of `from`, or approved for each token.
    function transferRanges(address from, address to, Range[] calldata ranges) external;

    /// @notice As `transferRanges`; a receiver with code must accept every token (ERC-721 receiver).
    function safeTransferRanges(address from, address to, Range[] calldata ranges, bytes calldata data)
        external;
}

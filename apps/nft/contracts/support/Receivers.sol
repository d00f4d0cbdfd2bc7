// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/interfaces/IERC721Receiver.sol";
import {Range} from "../src/IRangeERC721.sol";
import {CarbonCredit} from "../src/CarbonCredit.sol";

/// @notice A wallet that takes tokens and counts what it was asked about.
contract AcceptingWallet is IERC721Receiver {
    uint256 public asked;
    uint256 public lastTokenId;
    bytes public lastData;

    function onERC721Received(address, address, uint256 tokenId, bytes calldata data)
        external
        returns (bytes4)
    {
        ++asked;
        (lastTokenId, lastData) = (tokenId, data);
        return IERC721Receiver.onERC721Received.selector;
    }
}

/// @notice A contract that answers, but not that it takes tokens.
contract RefusingWallet is IERC721Receiver {
    function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) {
        return 0xffffffff;
    }
}

/// @notice A contract that knows nothing of tokens.
contract DeafWallet {}

/// @notice A wallet that redeems a token the moment it is asked about it.
contract ReentrantWallet is IERC721Receiver {
    function onERC721Received(address, address, uint256 tokenId, bytes calldata)
        external
        returns (bytes4)
    {
        Range[] memory ranges = new Range[](1);
        ranges[0] = Range(tokenId, 1);
        CarbonCredit(msg.sender).redeem(ranges, bytes32(0));
        return IERC721Receiver.onERC721Received.selector;
    }
}

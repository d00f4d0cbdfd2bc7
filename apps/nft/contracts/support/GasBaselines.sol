// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721A} from "erc721a/contracts/ERC721A.sol";

/// @notice What the same work costs with the usual contracts: OpenZeppelin's ERC-721.
contract OpenZeppelinBaseline is ERC721("Baseline", "BASE") {
    function mint(address to, uint256 first, uint256 count) external {
        for (uint256 id = first; id < first + count; ++id) _mint(to, id);
    }

    function send(address to, uint256 first, uint256 count) external {
        for (uint256 id = first; id < first + count; ++id) transferFrom(msg.sender, to, id);
    }

    function burn(uint256 first, uint256 count) external {
        for (uint256 id = first; id < first + count; ++id) _update(address(0), id, msg.sender);
    }
}

/// @notice And with ERC721A, moved one by one.
contract ERC721ABaseline is ERC721A("Baseline", "BASE") {
    function mint(address to, uint256, uint256 count) external {
        _mint(to, count);
    }

    function send(address to, uint256 first, uint256 count) external {
        for (uint256 id = first; id < first + count; ++id) transferFrom(msg.sender, to, id);
    }

    function burn(uint256 first, uint256 count) external {
        for (uint256 id = first; id < first + count; ++id) _burn(id, true);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CarbonCredit} from "../src/CarbonCredit.sol";

/// @notice Reads many tokens in one call: zero where nobody owns one.
contract Inspector {
    struct View {
        address owner;
        address approved;
        bool retired;
    }

    function look(CarbonCredit credit, uint256 first, uint256 count)
        external
        view
        returns (View[] memory views)
    {
        views = new View[](count);
        for (uint256 i = 0; i < count; ++i) {
            try credit.ownerOf(first + i) returns (address owner) {
                views[i].owner = owner;
                views[i].approved = credit.getApproved(first + i);
            } catch {
                views[i].retired = credit.isRetired(first + i);
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Vault} from "../src/Vault.sol";

/// @notice Stands for USDC on a development chain: anybody may mint it, so it is worth nothing.
contract DevelopmentCoin is ERC20Permit {
    constructor() ERC20("Development USD Coin", "USDC") ERC20Permit("Development USD Coin") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}

/// @notice A coin that keeps a hundredth of every transfer.
contract FeeTakingCoin is DevelopmentCoin {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0), value / 100);
    }
}

/// @notice A coin that calls the vault back in the middle of a transfer.
contract CallingCoin is DevelopmentCoin {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to.code.length > 0) Vault(to).deposit(this, 1, bytes32(0));
    }
}

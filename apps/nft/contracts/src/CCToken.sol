// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/interfaces/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Guarded} from "./Guarded.sol";

/// @title CC on chain: 1 CC = 1 tonne of CO2e of pledged credits in the pool
/// @notice Six decimals: the smallest unit is one gram. CC on the issuer's ledger and CC here are
/// one supply; the bridge moves it between the two, and every move has an intent id that works once.
contract CCToken is Guarded, ERC20Permit {
    /// @notice An intent of the bridge mints or burns once.
    error IntentAlreadyUsed(bytes32 intentId);
    /// @notice An intent must move something.
    error AmountZero();

    /// @notice CC came from the ledger to the chain.
    event BridgeMinted(bytes32 indexed intentId, address indexed to, uint256 amount);
    /// @notice CC went from the chain back to the ledger.
    event BridgeBurned(bytes32 indexed intentId, address indexed from, uint256 amount);

    /// @notice Whether an intent of the bridge was used already.
    mapping(bytes32 intentId => bool) public isIntentUsed;

    /// @param dailyCapMicro how much may be minted per day, in grams.
    constructor(uint48 adminDelay, address admin, address minter, address pauser, uint112 dailyCapMicro)
        Guarded(adminDelay, admin, minter, pauser, dailyCapMicro)
        ERC20("ccmarket Carbon", "CC")
        ERC20Permit("ccmarket Carbon")
    {}

    /// @notice Bring `amount` grams of CC out of the ledger to `to`.
    function mint(address to, uint256 amount, bytes32 intentId) external onlyRole(MINTER_ROLE) {
        _useIntent(intentId, amount);
        _spendDailyCap(amount);
        emit BridgeMinted(intentId, to, amount);
        _mint(to, amount);
    }

    /// @notice Take `amount` grams that the bridge itself holds (they were deposited) back to the
    /// ledger. Nobody can burn what another holds.
    function burn(uint256 amount, bytes32 intentId) external onlyRole(MINTER_ROLE) {
        _useIntent(intentId, amount);
        emit BridgeBurned(intentId, msg.sender, amount);
        _burn(msg.sender, amount);
    }

    /// @notice Grams: one CC, one tonne, is 10^6.
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice ERC-165.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC20).interfaceId || interfaceId == type(IERC20Metadata).interfaceId
            || interfaceId == type(IERC20Permit).interfaceId || super.supportsInterface(interfaceId);
    }

    function _useIntent(bytes32 intentId, uint256 amount) private {
        require(amount > 0, AmountZero());
        require(!isIntentUsed[intentId], IntentAlreadyUsed(intentId));
        isIntentUsed[intentId] = true;
    }

    function _update(address from, address to, uint256 value) internal override whenNotPaused {
        super._update(from, to, value);
    }
}

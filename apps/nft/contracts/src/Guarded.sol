// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @title What the platform's tokens have in common: separate keys, pause, a daily cap
/// @notice Three roles, three keys. The *minter* is the bridge and can only mint within the cap;
/// the *pauser* can only stop; the *admin* hands out roles, sets the cap and lifts a pause, and is
/// replaced in two steps with a delay. No key can hold two of them, so that losing one key never
/// loses two powers.
abstract contract Guarded is AccessControlDefaultAdminRules, Pausable {
    /// @notice The bridge: mints what the ledger holds back.
    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");

    /// @notice May stop every movement, and nothing else.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @notice Keys must be separate: `account` holds another role already.
    error RoleNotSeparate(address account);

    /// @notice More than the day's cap leaves to mint.
    error DailyCapExceeded(uint256 asked, uint256 left);

    /// @notice The admin set how much may be minted per day (UTC).
    event DailyCapSet(uint256 cap);

    struct DailyCap {
        uint112 limit;
        uint112 minted;
        uint32 day;
    }

    DailyCap private _cap;

    /// @param adminDelay seconds between announcing and accepting a new admin.
    /// @param dailyCap_ how much may be minted per day, in the token's smallest unit.
    constructor(uint48 adminDelay, address admin, address minter, address pauser, uint112 dailyCap_)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        _grantRole(MINTER_ROLE, minter);
        _grantRole(PAUSER_ROLE, pauser);
        _setDailyCap(dailyCap_);
    }

    /// @notice Stop minting, transfers and burning at once.
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @notice Start again: the admin's decision, never the pauser's.
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    /// @notice Set how much may be minted per day (UTC), the running day included.
    function setDailyCap(uint112 limit) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setDailyCap(limit);
    }

    /// @return limit what may be minted per day; left what is left of it today.
    function dailyCap() external view returns (uint256 limit, uint256 left) {
        DailyCap memory cap = _cap;
        limit = cap.limit;
        uint256 minted = cap.day == _today() ? cap.minted : 0;
        left = limit > minted ? limit - minted : 0;
    }

    function _setDailyCap(uint112 limit) private {
        _cap.limit = limit;
        emit DailyCapSet(limit);
    }

    /// @dev Bounds what a stolen minter key can do before somebody pauses.
    function _spendDailyCap(uint256 amount) internal {
        DailyCap memory cap = _cap;
        uint32 today = _today();
        if (cap.day != today) (cap.day, cap.minted) = (today, 0);
        uint256 left = cap.limit > cap.minted ? cap.limit - cap.minted : 0;
        require(amount <= left, DailyCapExceeded(amount, left));
        cap.minted += uint112(amount); // amount <= left <= limit: it fits
        _cap = cap;
    }

    function _today() private view returns (uint32) {
        return uint32(block.timestamp / 1 days);
    }

    function _grantRole(bytes32 role, address account) internal virtual override returns (bool) {
        bool other = (role != DEFAULT_ADMIN_ROLE && hasRole(DEFAULT_ADMIN_ROLE, account))
            || (role != MINTER_ROLE && hasRole(MINTER_ROLE, account))
            || (role != PAUSER_ROLE && hasRole(PAUSER_ROLE, account));
        require(!other, RoleNotSeparate(account));
        return super._grantRole(role, account);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @title Where the coins of the market lie on chain
/// @notice Anybody deposits, naming the ledger account that is to be credited. Coins leave by
/// intents of the bridge alone: each works once, and all of a day stay within the coin's cap.
///
/// Three roles, three keys. The *withdrawer* is the bridge; the *pauser* can only stop; the *admin*
/// hands out roles, names the coins and their caps and lifts a pause. The admin cannot take out what
/// was deposited: only what came by a bare transfer, which no account was credited for.
contract Vault is AccessControlDefaultAdminRules, Pausable, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @notice What is known of a coin. Amounts are in its smallest unit.
    struct Coin {
        /// Deposited and not withdrawn; what came by a bare transfer does not count.
        uint256 held;
        /// How much may leave per day (UTC), and what has left on `day`.
        uint112 dailyCap;
        uint112 withdrawn;
        uint24 day;
        /// Whether deposits are taken. What is held can leave either way.
        bool isAccepted;
    }

    /// @notice The bridge: pays out what the ledger holds back.
    bytes32 public constant WITHDRAWER_ROLE = keccak256("WITHDRAWER_ROLE");

    /// @notice May stop every movement, and nothing else.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @notice Keys must be separate: `account` holds another role already.
    error RoleNotSeparate(address account);
    /// @notice An intent of the bridge pays once.
    error IntentAlreadyUsed(bytes32 intentId);
    /// @notice A deposit or withdrawal must move something.
    error AmountZero();
    /// @notice This coin is not taken here.
    error CoinNotAccepted(IERC20 coin);
    /// @notice The coin moved another amount than it was told to: it takes a fee, or lies.
    error AmountNotReceived(uint256 expected, uint256 received);
    /// @notice The vault holds less of the coin than this.
    error HoldsLess(uint256 asked, uint256 held);
    /// @notice More than the day's cap leaves to withdraw.
    error DailyCapExceeded(uint256 asked, uint256 left);
    /// @notice Coins cannot be paid out to the vault itself.
    error ReceiverInvalid(address to);

    /// @notice The admin named a coin, or changed what holds for it.
    event CoinSet(IERC20 indexed coin, bool isAccepted, uint256 dailyCap);
    /// @notice `amount` came in for the ledger account; zero: for the owner of the wallet.
    event Deposited(
        IERC20 indexed coin, address indexed from, bytes32 indexed account, uint256 amount
    );
    /// @notice An intent of the bridge paid `amount` to `to`.
    event Withdrawn(
        bytes32 indexed intentId, IERC20 indexed coin, address indexed to, uint256 amount
    );
    /// @notice The admin sent on what had come by a bare transfer.
    event StrayRecovered(IERC20 indexed coin, address indexed to, uint256 amount);

    mapping(IERC20 coin => Coin) private _coins;

    /// @notice Whether an intent of the bridge has paid already.
    mapping(bytes32 intentId => bool) public isIntentUsed;

    /// @param adminDelay seconds between announcing and accepting a new admin.
    /// @param coins taken from the start; dailyCaps of each, in its smallest unit.
    constructor(
        uint48 adminDelay,
        address admin,
        address withdrawer,
        address pauser,
        IERC20[] memory coins,
        uint112[] memory dailyCaps
    ) AccessControlDefaultAdminRules(adminDelay, admin) {
        _grantRole(WITHDRAWER_ROLE, withdrawer);
        _grantRole(PAUSER_ROLE, pauser);
        for (uint256 i = 0; i < coins.length; ++i) {
            _setCoin(coins[i], true, dailyCaps[i]);
        }
    }

    // ------------------------------------------------------------------ in

    /// @notice Bring coins to a ledger account. Approve the vault for them first.
    /// @param account the account's 32 bytes; zero: the one the sender's wallet is linked to.
    function deposit(IERC20 coin, uint256 amount, bytes32 account) external nonReentrant whenNotPaused {
        _deposit(coin, amount, account);
    }

    /// @notice As `deposit`, with the approval signed (EIP-2612) instead of sent before.
    function depositWithPermit(
        IERC20 coin,
        uint256 amount,
        bytes32 account,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant whenNotPaused {
        require(_coins[coin].isAccepted, CoinNotAccepted(coin));
        // Whoever saw the signature may have used it already: then the allowance is there.
        try IERC20Permit(address(coin)).permit(msg.sender, address(this), amount, deadline, v, r, s) {}
            catch {}
        _deposit(coin, amount, account);
    }

    function _deposit(IERC20 coin, uint256 amount, bytes32 account) private {
        require(amount > 0, AmountZero());
        require(_coins[coin].isAccepted, CoinNotAccepted(coin));
        _coins[coin].held += amount;
        emit Deposited(coin, msg.sender, account, amount);
        uint256 before = coin.balanceOf(address(this));
        coin.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = coin.balanceOf(address(this)) - before;
        require(received == amount, AmountNotReceived(amount, received));
    }

    // ------------------------------------------------------------------ out

    /// @notice Pay `amount` of what is held to `to`, for one intent of the bridge.
    function withdraw(IERC20 coin, address to, uint256 amount, bytes32 intentId)
        external
        onlyRole(WITHDRAWER_ROLE)
        nonReentrant
        whenNotPaused
    {
        require(amount > 0, AmountZero());
        require(to != address(this), ReceiverInvalid(to));
        require(!isIntentUsed[intentId], IntentAlreadyUsed(intentId));
        isIntentUsed[intentId] = true;
        Coin storage known = _coins[coin];
        require(amount <= known.held, HoldsLess(amount, known.held));
        known.held -= amount;
        _spendDailyCap(known, amount);
        emit Withdrawn(intentId, coin, to, amount);
        coin.safeTransfer(to, amount);
    }

    /// @dev Bounds what a stolen withdrawer key can take before somebody pauses.
    function _spendDailyCap(Coin storage known, uint256 amount) private {
        uint256 left = _leftToday(known);
        require(amount <= left, DailyCapExceeded(amount, left));
        uint24 today = _today();
        if (known.day < today) (known.day, known.withdrawn) = (today, 0);
        known.withdrawn += uint112(amount); // amount <= left <= dailyCap: it fits
    }

    function _leftToday(Coin storage known) private view returns (uint256) {
        uint256 withdrawn = known.day < _today() ? 0 : known.withdrawn;
        return known.dailyCap > withdrawn ? known.dailyCap - withdrawn : 0;
    }

    function _today() private view returns (uint24) {
        return uint24(block.timestamp / 1 days);
    }

    // ------------------------------------------------------------------ the admin and the pauser

    /// @notice Take a coin, or no longer, and set how much of it may leave per day (UTC), the
    /// running day included.
    function setCoin(IERC20 coin, bool isAccepted, uint112 dailyCap) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setCoin(coin, isAccepted, dailyCap);
    }

    /// @notice Send on what came by a bare transfer and belongs to no account.
    function recoverStray(IERC20 coin, address to)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
        nonReentrant
        returns (uint256 amount)
    {
        amount = coin.balanceOf(address(this)) - _coins[coin].held;
        require(amount > 0, AmountZero());
        require(to != address(this), ReceiverInvalid(to));
        emit StrayRecovered(coin, to, amount);
        coin.safeTransfer(to, amount);
    }

    /// @notice Stop deposits and withdrawals at once.
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @notice Start again: the admin's decision, never the pauser's.
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    function _setCoin(IERC20 coin, bool isAccepted, uint112 dailyCap) private {
        (_coins[coin].isAccepted, _coins[coin].dailyCap) = (isAccepted, dailyCap);
        emit CoinSet(coin, isAccepted, dailyCap);
    }

    function _grantRole(bytes32 role, address account) internal override returns (bool) {
        bool other = (role != DEFAULT_ADMIN_ROLE && hasRole(DEFAULT_ADMIN_ROLE, account))
            || (role != WITHDRAWER_ROLE && hasRole(WITHDRAWER_ROLE, account))
            || (role != PAUSER_ROLE && hasRole(PAUSER_ROLE, account));
        require(!other, RoleNotSeparate(account));
        return super._grantRole(role, account);
    }

    // ------------------------------------------------------------------ reading

    /// @notice How much of a coin was deposited and not withdrawn.
    function heldOf(IERC20 coin) external view returns (uint256) {
        return _coins[coin].held;
    }

    /// @return isAccepted whether deposits are taken; dailyCap what may leave per day; leftToday of it.
    function coinOf(IERC20 coin)
        external
        view
        returns (bool isAccepted, uint256 dailyCap, uint256 leftToday)
    {
        Coin storage known = _coins[coin];
        return (known.isAccepted, known.dailyCap, _leftToday(known));
    }
}

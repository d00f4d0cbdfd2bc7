// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title What happened, fixed day by day
/// @notice One Merkle root for each day and stream (such as the public record of trades and
/// retirements). A root is never changed and days only go forward, so that nobody can tell another
/// story of a day later, the issuer included. The trees have the format of OpenZeppelin's
/// StandardMerkleTree: leaves are hashed twice, pairs are sorted.
contract Anchor is AccessControlDefaultAdminRules {
    /// @notice A day's root. `history` commits to it and to every root of its stream before.
    struct Anchored {
        bytes32 root;
        bytes32 history;
        uint64 leaves;
        uint64 anchoredAt;
    }

    /// @notice The only key that may fix a day.
    bytes32 public constant ANCHORER_ROLE = keccak256("ANCHORER_ROLE");

    /// @notice Keys must be separate: `account` holds the other role already.
    error RoleNotSeparate(address account);
    /// @notice Days go forward; the stream's last one is `lastDay`.
    error DayNotAfter(uint256 day, uint256 lastDay);
    /// @notice A day can be fixed only once it has ended (UTC).
    error DayNotOver(uint256 day);
    /// @notice A root of nothing cannot be told from no root.
    error RootZero();
    /// @notice No root was fixed for this day.
    error DayUnknown(bytes32 stream, uint256 day);

    /// @notice A day was fixed. Days count from 1 January 1970, UTC.
    event DayAnchored(
        bytes32 indexed stream, uint256 indexed day, bytes32 root, uint64 leaves, bytes32 history
    );

    mapping(bytes32 stream => mapping(uint256 day => Anchored)) private _days;

    /// @notice The last day that was fixed in a stream; zero: none.
    mapping(bytes32 stream => uint256) public lastDayOf;

    /// @param adminDelay seconds between announcing and accepting a new admin.
    constructor(uint48 adminDelay, address admin, address anchorer)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        _grantRole(ANCHORER_ROLE, anchorer);
    }

    /// @notice Fix the root of a day that has ended, once and for ever.
    /// @param leaves how many leaves the tree has.
    function anchor(bytes32 stream, uint256 day, bytes32 root, uint64 leaves)
        external
        onlyRole(ANCHORER_ROLE)
    {
        require(root != 0, RootZero());
        require(day < block.timestamp / 1 days, DayNotOver(day));
        uint256 last = lastDayOf[stream];
        require(day > last, DayNotAfter(day, last));
        bytes32 history = keccak256(abi.encode(_days[stream][last].history, day, root, leaves));
        _days[stream][day] = Anchored(root, history, leaves, uint64(block.timestamp));
        lastDayOf[stream] = day;
        emit DayAnchored(stream, day, root, leaves, history);
    }

    /// @notice What was fixed for a day.
    function anchorOf(bytes32 stream, uint256 day) public view returns (Anchored memory found) {
        found = _days[stream][day];
        require(found.root != 0, DayUnknown(stream, day));
    }

    /// @notice Whether `leaf` is in the tree whose root was fixed for this day.
    /// @param leaf the leaf's hash: keccak256(bytes.concat(keccak256(abi.encode(values)))).
    function verify(bytes32 stream, uint256 day, bytes32 leaf, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return MerkleProof.verifyCalldata(proof, anchorOf(stream, day).root, leaf);
    }

    function _grantRole(bytes32 role, address account) internal override returns (bool) {
        bool other = (role != DEFAULT_ADMIN_ROLE && hasRole(DEFAULT_ADMIN_ROLE, account))
            || (role != ANCHORER_ROLE && hasRole(ANCHORER_ROLE, account));
        require(!other, RoleNotSeparate(account));
        return super._grantRole(role, account);
    }
}

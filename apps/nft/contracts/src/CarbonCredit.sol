// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/interfaces/IERC721Metadata.sol";
import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Guarded} from "./Guarded.sol";
import {Range} from "./IRangeERC721.sol";
import {RangeERC721} from "./RangeERC721.sol";
import {FREE, RETIRED, Standing} from "./Segment.sol";

/// @title Carbon credits: one token is one tonne of CO2e in one public registry
/// @notice A token id *is* a tonne, for ever: `blockId * 10^10 + (serial - first serial of the
/// block)`. So the chain itself says that no tonne is out twice: an id that is out cannot be
/// minted, one that was redeemed can come back as the same id, one that was retired never can.
///
/// While a token is out, its serial is immobilised in the issuer's account at the registry and its
/// grams are held back on the issuer's ledger. `redeem` burns and brings the tonne back to a ledger
/// account; `retire` burns and consumes it, on behalf of a beneficiary.
contract CarbonCredit is Guarded, RangeERC721, IERC721Metadata, IERC4906 {
    /// @notice A block of serial numbers as its registry issued it, in facts that never change.
    struct SerialBlock {
        /// The whole serial number as the registry writes it.
        string serial;
        /// The registry, such as `Verra`.
        string registry;
        /// The project's id there, such as `VCS-1686`.
        string project;
        /// The first serial of the block; serials are consecutive, one for each tonne.
        uint64 firstSerial;
        /// How many tonnes the block has.
        uint64 tonnes;
        /// The year the reductions were monitored in.
        uint16 vintage;
        /// ISO 3166-1 alpha-2.
        bytes2 country;
        /// The day the registry issued it, as YYYYMMDD.
        uint32 issuanceDate;
    }

    struct Supply {
        uint96 outstanding;
        uint96 retired;
        uint64 retirements;
    }

    /// @notice Ids of one block lie in `[blockId * STRIDE, blockId * STRIDE + tonnes)`.
    uint256 public constant BLOCK_ID_STRIDE = 10 ** 10;

    /// @notice With it every token id fits a signed 64-bit integer.
    uint256 public constant BLOCK_ID_MAX = 9 * 10 ** 8;

    uint256 private constant BENEFICIARY_BYTES_MAX = 256;
    uint256 private constant MESSAGE_BYTES_MAX = 1024;
    uint256 private constant PERIOD_BYTES_MAX = 64;

    /// @notice An intent of the bridge mints once.
    error IntentAlreadyUsed(bytes32 intentId);
    /// @notice No batch was minted for this intent.
    error IntentUnknown(bytes32 intentId);
    /// @notice No tonne of this block was ever minted here, or the id names none of its tonnes.
    error TonneUnknown(uint256 tokenId);
    /// @notice The facts differ from those the block was first minted with.
    error BlockMismatch(uint256 blockId);
    /// @notice A block needs an id up to BLOCK_ID_MAX, a serial, and between 1 and 10^10 tonnes.
    error BlockInvalid(uint256 blockId);
    /// @notice `[firstSerial, firstSerial + count)` is not within the block.
    error SerialsOutsideBlock(uint256 blockId, uint256 firstSerial, uint256 count);
    /// @notice The range runs over the end of its block.
    error RangeOutsideBlock(uint256 firstTokenId, uint256 count);
    /// @notice A text of a retirement is longer than it may be, in bytes of UTF-8.
    error TextTooLong(uint256 length, uint256 max);

    /// @notice The facts of a block, written down when its first tonne is minted.
    event BlockRecorded(uint256 indexed blockId, SerialBlock serialBlock);
    /// @notice `count` tonnes came out as tokens, for one intent of the bridge.
    event BatchMinted(
        bytes32 indexed intentId,
        address indexed to,
        uint256 indexed blockId,
        uint256 firstTokenId,
        uint256 count,
        uint256 firstSerial
    );
    /// @notice `count` tonnes were consumed for good. Ranges of one call share the retirement id.
    event Retired(
        uint256 indexed retirementId,
        address indexed holder,
        uint256 indexed blockId,
        uint256 firstTokenId,
        uint256 count,
        uint256 firstSerial,
        string beneficiary,
        string message,
        string period
    );
    /// @notice `count` tonnes go back to the ledger, to `account` there; zero: to the wallet's owner.
    event Redeemed(
        address indexed holder,
        bytes32 indexed account,
        uint256 indexed blockId,
        uint256 firstTokenId,
        uint256 count,
        uint256 firstSerial
    );
    /// @notice Token metadata moved.
    event BaseURISet(string baseURI);

    mapping(uint256 blockId => SerialBlock) private _blocks;
    mapping(uint256 blockId => bytes32) private _blockHashes;
    mapping(bytes32 intentId => Range) private _batches;
    Supply private _supply;
    string private _baseURI;

    /// @param dailyCapTonnes how many tonnes may be minted per day.
    /// @param baseURI_ metadata of a token is at `baseURI_` + its id.
    constructor(
        uint48 adminDelay,
        address admin,
        address minter,
        address pauser,
        uint112 dailyCapTonnes,
        string memory baseURI_
    ) Guarded(adminDelay, admin, minter, pauser, dailyCapTonnes) {
        _baseURI = baseURI_;
    }

    // ------------------------------------------------------------------ the bridge

    /// @notice Mint the tonnes `[firstSerial, firstSerial + count)` of a block to `to`.
    /// @dev The facts of the block come with every call, so that calls need no order among them;
    /// they are stored once and must be the same ever after.
    /// @param intentId the bridge's own key of this mint: it works once.
    /// @return firstTokenId of the batch; the others follow.
    function mintBatch(
        address to,
        uint256 blockId,
        SerialBlock calldata serialBlock,
        uint64 firstSerial,
        uint64 count,
        bytes32 intentId
    ) external onlyRole(MINTER_ROLE) returns (uint256 firstTokenId) {
        require(count > 0, RangeEmpty());
        require(_batches[intentId].count == 0, IntentAlreadyUsed(intentId));
        _recordBlock(blockId, serialBlock);
        require(
            firstSerial >= serialBlock.firstSerial && count <= serialBlock.tonnes
                && firstSerial - serialBlock.firstSerial <= serialBlock.tonnes - count,
            SerialsOutsideBlock(blockId, firstSerial, count)
        );
        _spendDailyCap(count);
        firstTokenId = blockId * BLOCK_ID_STRIDE + (firstSerial - serialBlock.firstSerial);
        _batches[intentId] = Range(firstTokenId, count);
        _supply.outstanding += count;
        emit BatchMinted(intentId, to, blockId, firstTokenId, count, firstSerial);
        _mint(to, firstTokenId, count);
    }

    function _recordBlock(uint256 blockId, SerialBlock calldata serialBlock) private {
        bytes32 facts = keccak256(abi.encode(serialBlock));
        bytes32 known = _blockHashes[blockId];
        if (known == facts) return;
        require(known == 0, BlockMismatch(blockId));
        require(
            blockId > 0 && blockId <= BLOCK_ID_MAX && bytes(serialBlock.serial).length > 0
                && serialBlock.tonnes > 0 && serialBlock.tonnes <= BLOCK_ID_STRIDE
                && serialBlock.firstSerial <= type(uint64).max - serialBlock.tonnes,
            BlockInvalid(blockId)
        );
        _blockHashes[blockId] = facts;
        _blocks[blockId] = serialBlock;
        emit BlockRecorded(blockId, serialBlock);
    }

    // ------------------------------------------------------------------ the holder

    /// @notice Consume tonnes for good. Only the holder, or whom the holder approved.
    /// @param ranges each within one block.
    /// @param beneficiary on whose behalf; empty: the holder's.
    /// @param period the time the retirement is for, such as `2024`.
    /// @return retirementId the same for every range of this call.
    function retire(
        Range[] calldata ranges,
        string calldata beneficiary,
        string calldata message,
        string calldata period
    ) external returns (uint256 retirementId) {
        _checkText(beneficiary, BENEFICIARY_BYTES_MAX);
        _checkText(message, MESSAGE_BYTES_MAX);
        _checkText(period, PERIOD_BYTES_MAX);
        require(ranges.length > 0, RangeEmpty());
        retirementId = ++_supply.retirements;
        for (uint256 i = 0; i < ranges.length; ++i) {
            (uint256 first, uint256 count) = (ranges[i].firstTokenId, ranges[i].count);
            address holder = _burn(first, count, RETIRED);
            (uint256 blockId, uint256 firstSerial) = _locate(first, count);
            _supply.retired += uint96(count);
            _supply.outstanding -= uint96(count);
            emit Retired(
                retirementId, holder, blockId, first, count, firstSerial, beneficiary, message, period
            );
        }
    }

    /// @notice Take tonnes back to the ledger. Only the holder, or whom the holder approved.
    /// @param ranges each within one block.
    /// @param account the ledger account to credit; zero: the one the holder's wallet is linked to.
    function redeem(Range[] calldata ranges, bytes32 account) external {
        require(ranges.length > 0, RangeEmpty());
        for (uint256 i = 0; i < ranges.length; ++i) {
            (uint256 first, uint256 count) = (ranges[i].firstTokenId, ranges[i].count);
            address holder = _burn(first, count, FREE);
            (uint256 blockId, uint256 firstSerial) = _locate(first, count);
            _supply.outstanding -= uint96(count);
            emit Redeemed(holder, account, blockId, first, count, firstSerial);
        }
    }

    /// @dev The block and first serial of a range; it must not run over the block's end.
    function _locate(uint256 firstTokenId, uint256 count)
        private
        view
        returns (uint256 blockId, uint256 firstSerial)
    {
        blockId = firstTokenId / BLOCK_ID_STRIDE;
        uint256 offset = firstTokenId % BLOCK_ID_STRIDE;
        SerialBlock storage known = _blocks[blockId];
        require(offset + count <= known.tonnes, RangeOutsideBlock(firstTokenId, count));
        firstSerial = known.firstSerial + offset;
    }

    function _checkText(string calldata text, uint256 max) private pure {
        require(bytes(text).length <= max, TextTooLong(bytes(text).length, max));
    }

    /// @dev Nothing moves while paused: no mint, no transfer, no burn.
    function _move(uint256 firstTokenId, uint256 count, Standing from, Standing to)
        internal
        override
        whenNotPaused
    {
        super._move(firstTokenId, count, from, to);
    }

    // ------------------------------------------------------------------ reading

    /// @notice The registry's serial of any tonne of a block recorded here.
    /// @return blockSerial the whole serial of the block it belongs to; serial its own number.
    function serialOf(uint256 tokenId) external view returns (string memory blockSerial, uint256 serial) {
        (uint256 blockId, uint256 number) = _tonne(tokenId);
        return (_blocks[blockId].serial, number);
    }

    /// @notice The block a tonne belongs to.
    function blockOf(uint256 tokenId) external view returns (uint256 blockId, SerialBlock memory facts) {
        (blockId,) = _tonne(tokenId);
        facts = _blocks[blockId];
    }

    /// @notice What was minted for an intent of the bridge.
    function batchOf(bytes32 intentId)
        external
        view
        returns (uint256 firstTokenId, uint256 count, uint256 firstSerial, SerialBlock memory facts)
    {
        Range memory batch = _batches[intentId];
        require(batch.count > 0, IntentUnknown(intentId));
        uint256 blockId;
        (blockId, firstSerial) = _tonne(batch.firstTokenId);
        return (batch.firstTokenId, batch.count, firstSerial, _blocks[blockId]);
    }

    /// @notice Whether an intent of the bridge has minted already.
    function isIntentUsed(bytes32 intentId) external view returns (bool) {
        return _batches[intentId].count > 0;
    }

    /// @notice Whether a tonne was retired here.
    function isRetired(uint256 tokenId) external view returns (bool) {
        return _standingOf(tokenId) == RETIRED;
    }

    /// @notice How many tonnes are out.
    function totalSupply() external view returns (uint256) {
        return _supply.outstanding;
    }

    /// @notice How many tonnes were ever retired here.
    function totalRetired() external view returns (uint256) {
        return _supply.retired;
    }

    function _tonne(uint256 tokenId) private view returns (uint256 blockId, uint256 serial) {
        blockId = tokenId / BLOCK_ID_STRIDE;
        uint256 offset = tokenId % BLOCK_ID_STRIDE;
        SerialBlock storage known = _blocks[blockId];
        require(offset < known.tonnes, TonneUnknown(tokenId));
        serial = known.firstSerial + offset;
    }

    // ------------------------------------------------------------------ metadata

    /// @inheritdoc IERC721Metadata
    function name() external pure returns (string memory) {
        return "ccmarket Carbon Credit";
    }

    /// @inheritdoc IERC721Metadata
    function symbol() external pure returns (string memory) {
        return "TCO2E";
    }

    /// @inheritdoc IERC721Metadata
    /// @dev Answers for retired tonnes too: what was consumed stays on show.
    function tokenURI(uint256 tokenId) external view returns (string memory) {
        if (_standingOf(tokenId) != RETIRED) ownerOf(tokenId);
        return string.concat(_baseURI, Strings.toString(tokenId));
    }

    /// @notice Move the metadata.
    function setBaseURI(string calldata baseURI_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _baseURI = baseURI_;
        emit BaseURISet(baseURI_);
        emit BatchMetadataUpdate(0, type(uint256).max);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(AccessControlDefaultAdminRules, RangeERC721, IERC165)
        returns (bool)
    {
        return interfaceId == type(IERC721Metadata).interfaceId || interfaceId == bytes4(0x49064906)
            || AccessControlDefaultAdminRules.supportsInterface(interfaceId)
            || RangeERC721.supportsInterface(interfaceId);
    }
}

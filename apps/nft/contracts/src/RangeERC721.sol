// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC721Utils} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Utils.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRangeERC721, Range} from "./IRangeERC721.sol";
import {FREE, RETIRED, Segment, SegmentLib, Standing} from "./Segment.sol";

/// @title ERC-721 in which a run of consecutive ids is owned as one range
/// @notice A plain ERC-721 to wallets and marketplaces: one `Transfer` for each token, single
/// approvals, `ownerOf` for each id. Beneath, ownership is stored once per *segment*: a run of ids
/// that came to its owner together. Minting, sending or burning a thousand tokens writes a handful
/// of slots, so that nearly all the gas left is that of the Transfer events.
///
/// @dev Ids fall into pages of 1,024. Within a page a bitmap marks the *heads*, the ids at which a
/// segment begins (the first id of a page is always one); `_segments[head]` says what is true from
/// there to the next head. Finding the segment of an id is a scan of at most four bitmap words.
/// A segment with no owner is free (mintable) or retired (never again). What no range has ever
/// touched reads as free.
abstract contract RangeERC721 is IERC165, IERC721, IERC721Errors, IRangeERC721 {
    /// @notice A token that is out already cannot be minted again.
    error TokenAlreadyMinted(uint256 tokenId);

    /// @notice A retired token is consumed for good: nothing can be done with it.
    error TokenRetired(uint256 tokenId);

    uint256 private constant WORD_TOKENS = 256;
    uint256 private constant PAGE_TOKENS = 4 * WORD_TOKENS;

    // keccak256("Transfer(address,address,uint256)")
    bytes32 private constant TRANSFER_TOPIC =
        0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef;

    mapping(uint256 headId => Segment) private _segments;
    mapping(uint256 wordIndex => uint256) private _heads;
    mapping(address owner => uint256) private _balances;
    // Stamp and approved address, packed like a segment: valid while the stamps agree.
    mapping(uint256 tokenId => Segment) private _approvals;
    mapping(address owner => mapping(address operator => bool)) private _operators;

    // ------------------------------------------------------------------ ERC-721, reading

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view virtual returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC721).interfaceId
            || interfaceId == type(IRangeERC721).interfaceId;
    }

    /// @inheritdoc IERC721
    function balanceOf(address owner) public view returns (uint256) {
        require(owner != address(0), ERC721InvalidOwner(address(0)));
        return _balances[owner];
    }

    /// @inheritdoc IERC721
    function ownerOf(uint256 tokenId) public view returns (address) {
        return _requireOwned(tokenId, _segmentOf(tokenId));
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 tokenId) public view returns (address) {
        Segment segment = _segmentOf(tokenId);
        _requireOwned(tokenId, segment);
        return _approvedFor(tokenId, segment);
    }

    /// @inheritdoc IERC721
    function isApprovedForAll(address owner, address operator) public view returns (bool) {
        return _operators[owner][operator];
    }

    // ------------------------------------------------------------------ ERC-721, writing

    /// @inheritdoc IERC721
    function approve(address to, uint256 tokenId) public {
        Segment segment = _segmentOf(tokenId);
        address owner = _requireOwned(tokenId, segment);
        require(
            owner == msg.sender || isApprovedForAll(owner, msg.sender), ERC721InvalidApprover(msg.sender)
        );
        _approvals[tokenId] = SegmentLib.pack(SegmentLib.ownedBy(to), segment.stamp());
        emit Approval(owner, to, tokenId);
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address operator, bool approved) public {
        require(operator != address(0), ERC721InvalidOperator(address(0)));
        _operators[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    /// @inheritdoc IERC721
    function transferFrom(address from, address to, uint256 tokenId) public {
        _transfer(from, to, tokenId, 1);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 tokenId) public {
        safeTransferFrom(from, to, tokenId, "");
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address from, address to, uint256 tokenId, bytes memory data) public {
        _transfer(from, to, tokenId, 1);
        ERC721Utils.checkOnERC721Received(msg.sender, from, to, tokenId, data);
    }

    // ------------------------------------------------------------------ ranges

    /// @inheritdoc IRangeERC721
    function transferRanges(address from, address to, Range[] calldata ranges) public {
        require(ranges.length > 0, RangeEmpty());
        for (uint256 i = 0; i < ranges.length; ++i) {
            _transfer(from, to, ranges[i].firstTokenId, ranges[i].count);
        }
    }

    /// @inheritdoc IRangeERC721
    function safeTransferRanges(address from, address to, Range[] calldata ranges, bytes calldata data)
        external
    {
        transferRanges(from, to, ranges);
        for (uint256 i = 0; i < ranges.length; ++i) {
            _checkReceived(from, to, ranges[i].firstTokenId, ranges[i].count, data);
        }
    }

    function _transfer(address from, address to, uint256 firstTokenId, uint256 count) private {
        require(to != address(0), ERC721InvalidReceiver(address(0)));
        require(count > 0, RangeEmpty());
        // A token that is not there at all is the clearer answer, and `from` must not be zero:
        // moving free tokens is what minting does.
        address owner = ownerOf(firstTokenId);
        require(owner == from, ERC721IncorrectOwner(from, firstTokenId, owner));
        _checkAuthorized(from, firstTokenId, count);
        _move(firstTokenId, count, SegmentLib.ownedBy(from), SegmentLib.ownedBy(to));
    }

    /// @dev Mint: from free to `to`. The caller vouches that the ids name something.
    function _mint(address to, uint256 firstTokenId, uint256 count) internal {
        require(to != address(0), ERC721InvalidReceiver(address(0)));
        _move(firstTokenId, count, FREE, SegmentLib.ownedBy(to));
        _checkReceived(address(0), to, firstTokenId, count, "");
    }

    /// @dev Burn, by the holder or by whom they approved. `end` is FREE (may be minted again) or
    /// RETIRED (never again).
    /// @return holder whose tokens they were.
    function _burn(uint256 firstTokenId, uint256 count, Standing end) internal returns (address holder) {
        require(count > 0, RangeEmpty());
        holder = ownerOf(firstTokenId);
        _checkAuthorized(holder, firstTokenId, count);
        _move(firstTokenId, count, SegmentLib.ownedBy(holder), end);
    }

    /// @dev Every change of standing of any token goes through here.
    function _move(uint256 firstTokenId, uint256 count, Standing from, Standing to) internal virtual {
        uint256 end = firstTokenId + count;
        uint256 start = firstTokenId;
        while (start < end) {
            uint256 pageEnd = (start / PAGE_TOKENS + 1) * PAGE_TOKENS;
            uint256 stop = Math.min(end, pageEnd);
            _moveInPage(start, stop, pageEnd, from, to);
            start = stop;
        }
        address sender = from.owner();
        address receiver = to.owner();
        if (sender != address(0)) _balances[sender] -= count;
        if (receiver != address(0)) _balances[receiver] += count;
        _emitTransfers(sender, receiver, firstTokenId, end);
    }

    /// @dev Give `[start, stop)`, which lies in one page, one segment of its own. Heads inside are
    /// removed, the rest of a segment that reaches beyond `stop` keeps its owner and its stamp
    /// (its approvals stay), the moved tokens get a stamp higher than any of theirs.
    function _moveInPage(uint256 start, uint256 stop, uint256 pageEnd, Standing from, Standing to) private {
        Segment current = _segments[_headOf(start)];
        _requireStanding(start, current.standing(), from);
        uint256 stamp = current.stamp();

        uint256 lastWord = (stop - 1) / WORD_TOKENS;
        for (uint256 word = start / WORD_TOKENS; word <= lastWord; ++word) {
            uint256 bits = _heads[word];
            uint256 inside = bits & _maskBetween(word, start + 1, stop);
            uint256 kept = bits ^ inside;
            while (inside != 0) {
                uint256 head = word * WORD_TOKENS + Math.log2(inside & (~inside + 1));
                inside &= inside - 1;
                current = _segments[head];
                _requireStanding(head, current.standing(), from);
                stamp = Math.max(stamp, current.stamp());
                _segments[head] = Segment.wrap(0);
            }
            if (word == start / WORD_TOKENS && start % PAGE_TOKENS != 0) kept |= 1 << (start % WORD_TOKENS);
            if (kept != bits) _heads[word] = kept;
        }

        if (stop != pageEnd) _keepTail(stop, current);
        _segments[start] = SegmentLib.pack(to, stamp + 1);
    }

    /// @dev Make `head` a head that continues `segment`, unless one begins there already.
    function _keepTail(uint256 head, Segment segment) private {
        uint256 word = head / WORD_TOKENS;
        uint256 bit = 1 << (head % WORD_TOKENS);
        uint256 bits = _heads[word];
        if (bits & bit != 0) return;
        _heads[word] = bits | bit;
        if (Segment.unwrap(segment) != 0) _segments[head] = segment;
    }

    // ------------------------------------------------------------------ looking up

    /// @dev What is true of a token: its owner, free or retired.
    function _standingOf(uint256 tokenId) internal view returns (Standing) {
        return _segmentOf(tokenId).standing();
    }

    function _segmentOf(uint256 tokenId) private view returns (Segment) {
        return _segments[_headOf(tokenId)];
    }

    function _headOf(uint256 tokenId) private view returns (uint256) {
        uint256 word = tokenId / WORD_TOKENS;
        uint256 firstWord = (tokenId / PAGE_TOKENS) * (PAGE_TOKENS / WORD_TOKENS);
        uint256 upToHere = type(uint256).max >> (WORD_TOKENS - 1 - (tokenId % WORD_TOKENS));
        uint256 bits = _heads[word] & upToHere;
        while (bits == 0 && word > firstWord) bits = _heads[--word];
        return bits == 0 ? firstWord * WORD_TOKENS : word * WORD_TOKENS + Math.log2(bits);
    }

    /// @dev The bits of `word` whose ids lie in `[start, stop)`; the word meets the range.
    function _maskBetween(uint256 word, uint256 start, uint256 stop) private pure returns (uint256) {
        uint256 wordStart = word * WORD_TOKENS;
        uint256 low = Math.max(start, wordStart) - wordStart;
        uint256 high = Math.min(stop, wordStart + WORD_TOKENS) - wordStart;
        if (low >= high) return 0;
        return (type(uint256).max >> (WORD_TOKENS - (high - low))) << low;
    }

    function _approvedFor(uint256 tokenId, Segment segment) private view returns (address) {
        Segment approval = _approvals[tokenId];
        return approval.stamp() == segment.stamp() ? approval.standing().owner() : address(0);
    }

    // ------------------------------------------------------------------ refusing

    function _requireOwned(uint256 tokenId, Segment segment) private pure returns (address owner) {
        require(segment.standing() != RETIRED, TokenRetired(tokenId));
        owner = segment.standing().owner();
        require(owner != address(0), ERC721NonexistentToken(tokenId));
    }

    function _requireStanding(uint256 tokenId, Standing actual, Standing expected) private pure {
        if (actual == expected) return;
        require(actual != RETIRED, TokenRetired(tokenId));
        require(expected != FREE, TokenAlreadyMinted(tokenId));
        require(actual != FREE, ERC721NonexistentToken(tokenId));
        revert ERC721IncorrectOwner(expected.owner(), tokenId, actual.owner());
    }

    function _checkAuthorized(address owner, uint256 firstTokenId, uint256 count) private view {
        if (msg.sender == owner || isApprovedForAll(owner, msg.sender)) return;
        for (uint256 id = firstTokenId; id < firstTokenId + count; ++id) {
            require(
                _approvedFor(id, _segmentOf(id)) == msg.sender, ERC721InsufficientApproval(msg.sender, id)
            );
        }
    }

    function _checkReceived(address from, address to, uint256 firstTokenId, uint256 count, bytes memory data)
        private
    {
        if (to.code.length == 0) return;
        for (uint256 id = firstTokenId; id < firstTokenId + count; ++id) {
            ERC721Utils.checkOnERC721Received(msg.sender, from, to, id, data);
        }
    }

    /// @dev One event for each token is what ERC-721 asks for and nearly all this contract costs,
    /// hence assembly: the compiler's own loop spends about 60 gas more on each.
    function _emitTransfers(address from, address to, uint256 start, uint256 end) private {
        assembly ("memory-safe") {
            // Solidity promises nothing about the upper bits of an address in a word.
            from := shr(96, shl(96, from))
            to := shr(96, shl(96, to))
            for { let id := start } lt(id, end) { id := add(id, 1) } {
                log4(0, 0, TRANSFER_TOPIC, from, to, id)
            }
        }
    }
}

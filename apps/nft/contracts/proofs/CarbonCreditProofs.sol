// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CarbonCredit} from "../src/CarbonCredit.sol";
import {Range} from "../src/IRangeERC721.sol";
import {VM} from "./Vm.sol";

/// @title A token is one tonne of one block, minted once an intent
/// @dev Of ranges see RangeProofs: here they have one token.
contract CarbonCreditProofs {
    address private constant ADMIN = address(0xAD);
    address private constant PAUSER = address(0xBA);
    address private constant HOLDER = address(0xA11CE);

    function check_a_mint_is_the_tonne_of_its_serial(
        uint256 blockId, uint256 firstSerial, uint256 offset, uint64 tonnes
    ) external {
        CarbonCredit credit = _credit(1);
        uint256 stride = credit.BLOCK_ID_STRIDE();
        blockId = _one(blockId, [1, 7, credit.BLOCK_ID_MAX()]);
        firstSerial = _one(firstSerial, [0, 1, type(uint64).max - stride]);
        offset = _one(offset, [0, 1023, stride - 1]);
        uint64 serial = uint64(firstSerial + offset);
        uint256 id = credit.mintBatch(
            HOLDER, blockId, _facts(uint64(firstSerial), tonnes), serial, 1, "one"
        );
        assert(offset < tonnes);
        assert(id == blockId * stride + offset);
        assert(id <= uint256(int256(type(int64).max)));
        (, uint256 found) = credit.serialOf(id);
        assert(found == serial);
    }

    function check_no_serial_outside_its_block_is_minted(
        uint256 blockId, uint64 firstSerial, uint64 tonnes, uint64 serial, uint64 count
    ) external {
        CarbonCredit credit = _credit(type(uint112).max);
        VM.assume(serial < firstSerial || uint256(serial) + count > uint256(firstSerial) + tonnes);
        try credit.mintBatch(HOLDER, blockId, _facts(firstSerial, tonnes), serial, count, "one") {
            assert(false);
        } catch {}
    }

    function check_facts_never_change(
        uint64 firstSerial, uint64 tonnes, uint64 otherSerial, uint64 otherTonnes, uint64 serial
    ) external {
        CarbonCredit credit = _credit(2);
        credit.mintBatch(HOLDER, 7, _facts(firstSerial, tonnes), firstSerial, 1, "one");
        VM.assume(firstSerial != otherSerial || tonnes != otherTonnes);
        try credit.mintBatch(HOLDER, 7, _facts(otherSerial, otherTonnes), serial, 1, "two") {
            assert(false);
        } catch {}
    }

    function check_an_intent_mints_once(uint112 cap, uint64 serial, uint64 count, bytes32 intent) external {
        CarbonCredit credit = _credit(cap);
        credit.mintBatch(HOLDER, 7, _facts(1, 10), 1, 1, intent);
        try credit.mintBatch(HOLDER, 7, _facts(1, 10), serial, count, intent) {
            assert(false);
        } catch {}
        assert(credit.totalSupply() == 1);
    }

    function check_only_the_bridge_mints(address caller, uint64 serial, bytes32 intent) external {
        CarbonCredit credit = _credit(10);
        VM.assume(caller != address(this));
        VM.prank(caller);
        try credit.mintBatch(caller, 7, _facts(1, 10), serial, 1, intent) {
            assert(false);
        } catch {}
    }

    function check_what_was_retired_never_comes_back(address caller, bytes32 intent) external {
        CarbonCredit credit = _credit(10);
        Range[] memory ranges = new Range[](1);
        ranges[0] = Range(credit.mintBatch(HOLDER, 7, _facts(1, 10), 3, 1, "one"), 1);
        VM.assume(caller != address(0)); // nobody can sign for zero
        VM.prank(caller);
        credit.retire(ranges, "", "", "");
        assert(caller == HOLDER);
        assert(credit.totalSupply() == 0 && credit.totalRetired() == 1);
        try credit.mintBatch(HOLDER, 7, _facts(1, 10), 3, 1, intent) {
            assert(false);
        } catch {}
    }

    function check_what_was_redeemed_comes_back_as_the_same(address caller, bytes32 account, bytes32 intent)
        external
    {
        CarbonCredit credit = _credit(10);
        Range[] memory ranges = new Range[](1);
        ranges[0] = Range(credit.mintBatch(HOLDER, 7, _facts(1, 10), 3, 1, "one"), 1);
        VM.assume(caller != address(0)); // nobody can sign for zero
        VM.prank(caller);
        credit.redeem(ranges, account);
        assert(caller == HOLDER && credit.totalSupply() == 0);
        uint256 id = credit.mintBatch(address(this), 7, _facts(1, 10), 3, 1, intent);
        assert(id == ranges[0].firstTokenId && credit.ownerOf(id) == address(this));
    }

    /// @notice A control: the prover must find the mint that this denies.
    function check_control_nothing_is_ever_minted(uint64 firstSerial, uint64 tonnes) external {
        CarbonCredit credit = _credit(1);
        try credit.mintBatch(HOLDER, 7, _facts(firstSerial, tonnes), firstSerial, 1, "one") {
            assert(false);
        } catch {}
    }

    /// @dev The same number written out: each becomes a path of the proof.
    function _one(uint256 number, uint256[3] memory choices) private pure returns (uint256) {
        for (uint256 i = 0; i < choices.length; ++i) {
            if (number == choices[i]) return choices[i];
        }
        VM.assume(false);
        return 0;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) {
        return this.onERC721Received.selector;
    }

    function _credit(uint112 cap) private returns (CarbonCredit) {
        return new CarbonCredit(1 days, ADMIN, address(this), PAUSER, cap, "");
    }

    function _facts(uint64 firstSerial, uint64 tonnes) private pure returns (CarbonCredit.SerialBlock memory) {
        return CarbonCredit.SerialBlock({
            serial: "VCS-1",
            registry: "Verra",
            project: "VCS-1686",
            firstSerial: firstSerial,
            tonnes: tonnes,
            vintage: 2020,
            country: "BR",
            issuanceDate: 20210131
        });
    }
}

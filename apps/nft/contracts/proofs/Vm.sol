// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What the prover offers to a proof, at the address where Foundry has it.
interface Vm {
    /// @notice Leave out all inputs for which `condition` does not hold.
    function assume(bool condition) external pure;
    /// @notice The next call comes from `sender`.
    function prank(address sender) external;
    /// @notice The time of the blocks to come, in seconds.
    function warp(uint256 timestamp) external;
}

Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

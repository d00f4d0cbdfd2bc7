"""Keccak-256 as Ethereum uses it. The SHA-3 of the standard library pads otherwise.

Source: https://keccak.team/keccak_specs_summary.html
"""

from __future__ import annotations

from typing import Final

RATE: Final = 136
LANE: Final = 2**64 - 1


def keccak256(data: bytes) -> bytes:
    """The 32 bytes of the hash."""
    missing = RATE - len(data) % RATE
    padding = b"\x81" if missing == 1 else b"\x01" + bytes(missing - 2) + b"\x80"
    padded, lanes = data + padding, [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), RATE):
        for place in range(RATE // 8):
            at = start + place * 8
            lanes[place % 5][place // 5] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[x][0].to_bytes(8, "little") for x in range(4))


def _permuted(lanes: list[list[int]]) -> list[list[int]]:
    register = 1
    for _round in range(24):
        columns = [a ^ b ^ c ^ d ^ e for a, b, c, d, e in lanes]
        mixed = [columns[(x + 4) % 5] ^ _turned(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lane ^ mixed[x] for lane in lanes[x]] for x in range(5)]
        x, y, current = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], _turned(current, (step + 1) * (step + 2) // 2)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                lanes[0][0] ^= 1 << ((1 << bit) - 1)
    return lanes


def _turned(lane: int, bits: int) -> int:
    bits %= 64
    return (lane << bits | lane >> (64 - bits)) & LANE

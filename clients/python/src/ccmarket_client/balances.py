"""Does a day's record hold what you were owed? Worked out here, without asking anybody.

`python -m ccmarket_client.balances FILE`, with the JSON of `GET /api/v1/anchors/DAY/balances` or of
the page. It hashes your salt, account and amount, adds up the sums beside the way to the root of
all balances, finds that root and total in the entry of the day's record, and hashes that entry up
to the day's root. That this root is the one on chain is for you to see there: `Anchor.verify`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ccmarket_client.keccak import keccak256

KIND: Final = "balances"
SUM_END: Final = 2**128


def balance_problems(share: Mapping[str, Any]) -> list[str]:
    """Sentences on what is wrong with one share; none when all is right."""
    try:
        digest, total = _summed(share)
        content, record = json.loads(share["record"]["content"]), share["record"]
        way = [_bytes32(text) for text in record["proof"]]
        top, root = _record_leaf(share["asset"], record["content"]), _bytes32(record["root"])
        stated = (_bytes32(content["root"]), content["micro"])
    except (KeyError, TypeError, ValueError) as error:
        return [f"It cannot be read: {error}."]
    problems = []
    if digest != stated[0]:
        problems.append("Your balance does not lead to the root of all balances.")
    if total != stated[1]:
        problems.append(f"All balances add up to {total}, and the record says {stated[1]}.")
    for beside in way:
        top = keccak256(min(top, beside) + max(top, beside))
    if top != root:
        problems.append("The record's entry does not lead to the root of its day.")
    return problems


def _summed(share: Mapping[str, Any]) -> tuple[bytes, int]:
    """The root and the total that the share and its siblings lead to."""
    owner = keccak256(_bytes32(share["salt"]) + _bytes32(share["account"]))
    total = share["micro"]
    digest = keccak256(keccak256(owner + _word(total)))
    for step in share["proof"]:
        mine, other = digest + _word(total), _bytes32(step["hash"]) + _word(step["micro"])
        if step["side"] not in ("left", "right"):
            raise ValueError("a side is left or right")
        digest = keccak256(other + mine if step["side"] == "left" else mine + other)
        total += step["micro"]
    return digest, total


def _record_leaf(asset: str, content: str) -> bytes:
    """The hash of `abi.encode(kind, name, content)`, twice, as OpenZeppelin's trees have it."""
    texts = [text.encode() for text in (KIND, asset, content)]
    tails = [_word(len(text)) + text + bytes(-len(text) % 32) for text in texts]
    starts = [32 * len(texts) + sum(map(len, tails[:place])) for place in range(len(tails))]
    return keccak256(keccak256(b"".join([*map(_word, starts), *tails])))


def _bytes32(text: str) -> bytes:
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) != 32:
        raise ValueError("a hash has 32 bytes")
    return raw


def _word(amount: int) -> bytes:
    if type(amount) is not int or not 0 <= amount < SUM_END:
        raise ValueError("an amount is a whole number, not negative")
    return amount.to_bytes(32, "big")


def main(arguments: Sequence[str]) -> int:
    """Says of each share whether it holds; 1 where one does not."""
    if len(arguments) != 1:
        sys.stderr.write("python -m ccmarket_client.balances FILE\n")
        return 2
    shares = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found = [(share, balance_problems(share)) for share in shares]
    for share, problems in found:
        sys.stdout.write(f"{share.get('asset')}: {' '.join(problems) or _right(share)}\n")
    return 1 if any(problems for _share, problems in found) else 0


def _right(share: Mapping[str, Any]) -> str:
    record = share["record"]
    return (
        f"{share['micro']} millionths are in the root of {record['day']}, {record['root']}. "
        "Compare that with the contract's."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

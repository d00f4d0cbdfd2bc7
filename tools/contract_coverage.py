"""Which lines of the contracts their tests execute: `python -m tools.contract_coverage`.

The contracts are compiled once more, without the optimiser, so that each instruction belongs to a
line; the tests of `tests/integration/contracts` run against those, and the node is asked for the
trace of every transaction and call they make. A line counts as executed when one of its
instructions was. Comparisons of gas and committed bytes have no place here and are left out.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from apps.nft.chain import artifacts
from apps.nft.contracts import build
from tests.support import anvil

TESTS: Final = "tests/integration/contracts"
LEFT_OUT: Final = ("test_contracts_gas.py", "test_contracts_artifacts.py")
TRACE: Final = {"disableStorage": True, "disableMemory": True}
ANVIL: Final = ("--steps-tracing", "--disable-code-size-limit", "--disable-block-gas-limit")
LOOKS_MAX: Final = 100
LOOK_EVERY_S: Final = 0.01
PUSH1, PUSH32 = 0x60, 0x7F
CALLS: Final = ("CALL", "STATICCALL", "DELEGATECALL", "CALLCODE")

Line = tuple[str, int]


class Code:
    """Where in the sources each instruction of one bytecode comes from."""

    def __init__(self, compiled: dict[str, Any], sources: dict[int, Source]) -> None:
        entries = _source_map(compiled["sourceMap"])
        self.lines: dict[int, Line] = {}
        code = bytes.fromhex(compiled["object"])
        place = 0
        for start, _length, file in entries:
            if place >= len(code):
                break
            if file in sources:
                self.lines[place] = sources[file].line_at(start)
            push = code[place]
            place += 1 + (push - PUSH1 + 1 if PUSH1 <= push <= PUSH32 else 0)


class Source:
    """A file of ours, by the compiler's number."""

    def __init__(self, path: str) -> None:
        self.path = path
        text = (build.CONTRACTS / path).read_bytes()
        self.starts = [0] + [place + 1 for place, byte in enumerate(text) if byte == ord("\n")]

    def line_at(self, offset: int) -> Line:
        return self.path, bisect_right(self.starts, offset)


def _source_map(text: str) -> list[tuple[int, int, int]]:
    """(start, length, file) of each instruction; empty fields repeat the ones before."""
    entries, last = [], [0, 0, -1]
    for item in text.split(";"):
        for place, field in enumerate(item.split(":")[:3]):
            if field:
                last[place] = int(field)
        entries.append((last[0], last[1], last[2]))
    return entries


class Recorder:
    """Hears every request to the node, and asks for the trace of those that run code."""

    def __init__(self, creation: dict[str, Code], runtime: dict[str, Code]) -> None:
        self._creation, self._runtime = creation, runtime
        self._names: dict[str, str] = {}
        self.executed: set[Line] = set()
        self._ask = HTTPProvider.make_request

    def make_request(self, provider: HTTPProvider, method: str, params: Any) -> Any:
        answer = self._ask(provider, RPCEndpoint(method), params)
        if method == "eth_sendTransaction" and "result" in answer:
            self._sent(provider, params[0], answer["result"])
        elif method in ("eth_call", "eth_estimateGas"):
            trace = self._ask(
                provider, RPCEndpoint("debug_traceCall"), [params[0], "latest", TRACE]
            )
            self._walk(trace.get("result"), str(params[0].get("to", "")).lower(), None)
        return answer

    def _sent(self, provider: HTTPProvider, transaction: Any, sent: str) -> None:
        receipt = self._mined(provider, sent)
        created = None
        if receipt and (address := receipt.get("contractAddress")):
            created = self._named(str(transaction.get("data") or transaction.get("input")))
            if created:
                self._names[address.lower()] = created
        trace = self._ask(provider, RPCEndpoint("debug_traceTransaction"), [sent, TRACE])
        self._walk(trace.get("result"), str(transaction.get("to", "")).lower(), created)

    def _mined(self, provider: HTTPProvider, sent: str) -> Any:
        """Its receipt: the node answers a moment before the block is there."""
        for _look in range(LOOKS_MAX):
            answer = self._ask(provider, RPCEndpoint("eth_getTransactionReceipt"), [sent])
            if answer.get("result"):
                return answer["result"]
            time.sleep(LOOK_EVERY_S)
        return None

    def _named(self, data: str) -> str | None:
        """The contract whose creation code this is."""
        for name in self._runtime:
            if data.startswith(artifacts.load(name).bytecode):
                return name
        return None

    def _walk(self, trace: Any, to: str, created: str | None) -> None:
        if not trace:
            return
        first = self._creation.get(created or "") or self._runtime.get(self._names.get(to, ""))
        codes: list[Code | None] = [first]
        for step in trace["structLogs"]:
            del codes[step["depth"] :]
            if (code := codes[-1]) and (line := code.lines.get(step["pc"])):
                self.executed.add(line)
            if step["op"] in CALLS:
                callee = "0x" + step["stack"][-2].removeprefix("0x").zfill(40)[-40:]
                codes.append(self._runtime.get(self._names.get(callee, "")))
            elif step["op"].startswith("CREATE"):
                codes.append(None)


def compiled_for_tracing(folder: Path) -> tuple[dict[str, Code], dict[str, Code]]:
    """Writes the unoptimised artifacts to `folder`; returns creation and runtime code by name."""
    outputs = (*build.OUTPUTS, "evm.bytecode.sourceMap", "evm.deployedBytecode.sourceMap")
    creation: dict[str, Code] = {}
    runtime: dict[str, Code] = {}
    for kind, names in (("src", build.DEPLOYABLE), ("support", build.SUPPORT)):
        output = build.solc_run(kind, names, settings=build.UNOPTIMISED, outputs=outputs)
        if errors := [it for it in output.get("errors", []) if it["severity"] == "error"]:
            raise SystemExit("\n".join(error["formattedMessage"] for error in errors))
        ours = {
            source["id"]: Source(path)
            for path, source in output["sources"].items()
            if path.startswith("src/")
        }
        for contracts in output["contracts"].values():
            for name, contract in contracts.items():
                if contract["evm"]["bytecode"]["object"]:
                    _write(folder if kind == "src" else folder / kind, name, contract)
                if name in names and kind == "src":
                    creation[name] = Code(contract["evm"]["bytecode"], ours)
                    runtime[name] = Code(contract["evm"]["deployedBytecode"], ours)
    return creation, runtime


def _write(folder: Path, name: str, contract: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(build.artifact(name, contract)))


def report(recorder: Recorder, codes: list[Code]) -> None:
    """A line for each file, with the lines that nothing executed."""
    every: defaultdict[str, set[int]] = defaultdict(set)
    for code in codes:
        for path, line in code.lines.values():
            every[path].add(line)
    total = hit = 0
    for path, lines in sorted(every.items()):
        missed = sorted(line for line in lines if (path, line) not in recorder.executed)
        total, hit = total + len(lines), hit + len(lines) - len(missed)
        shown = f"  not: {', '.join(map(str, missed))}" if missed else ""
        print(f"{path}: {len(lines) - len(missed)} of {len(lines)} lines{shown}")
    print(f"contract lines executed: {hit} of {total} ({100 * hit / total:.1f} %)")


def main() -> int:
    """Entry point; returns the tests' exit status."""
    with tempfile.TemporaryDirectory() as place:
        creation, runtime = compiled_for_tracing(Path(place))
        artifacts.FOLDER = Path(place)  # type: ignore[misc]
        artifacts.load.cache_clear()
        recorder = Recorder(creation, runtime)
        HTTPProvider.make_request = (  # type: ignore[method-assign, assignment]
            lambda provider, method, params: recorder.make_request(provider, method, params)
        )
        anvil.USUAL_ARGUMENTS = (*anvil.USUAL_ARGUMENTS, *ANVIL)
        left_out = [f"--ignore={TESTS}/{name}" for name in LEFT_OUT]
        status = pytest.main(["-q", TESTS, *left_out, "-k", "not random_histories"])
    report(recorder, [*creation.values(), *runtime.values()])
    return int(status)


if __name__ == "__main__":
    sys.exit(main())

"""What is committed follows from the sources, and what is deployed is what is committed."""

import json
from pathlib import Path

import pytest

from apps.nft.chain import artifacts
from apps.nft.contracts import build
from tests.support.contracts import World

# EIP-170: no contract may be larger.
RUNTIME_BYTES_MAX = 24_576


@pytest.fixture(scope="module")
def built() -> dict[Path, str]:
    return build.build()


def test_committed_artifacts_follow_from_the_sources(built: dict[Path, str]) -> None:
    assert build.stale(built) == []


def test_an_artifact_that_follows_from_no_source_is_noticed(built: dict[Path, str]) -> None:
    changed = dict(built)
    path = build.ARTIFACTS / "CCToken.json"
    changed[path] = changed[path].replace("60", "61", 1)
    changed.pop(build.ARTIFACTS / "support" / "Inspector.json")
    assert build.stale(changed) == ["CCToken.json", "support/Inspector.json"]


def test_artifacts_say_how_to_get_the_same_bytes(built: dict[Path, str]) -> None:
    content = json.loads(built[build.ARTIFACTS / "CarbonCredit.json"])
    assert content["compiler"].startswith("0.8.37+commit.")
    assert content["settings"]["evmVersion"] == build.SETTINGS["evmVersion"]
    assert "src/RangeERC721.sol" in content["sources"]


@pytest.mark.parametrize("name", build.DEPLOYABLE)
def test_contracts_fit_on_mainnet(name: str) -> None:
    assert len(artifacts.load(name).runtime) <= RUNTIME_BYTES_MAX


def test_deployed_code_is_recognised_and_other_code_is_not(world: World) -> None:
    credit, cc = artifacts.load("CarbonCredit"), artifacts.load("CCToken")
    credit_code = world.web3.eth.get_code(world.credit.address)
    cc_code = world.web3.eth.get_code(world.cc.address)
    assert credit.deployed_as(credit_code)
    assert cc.deployed_as(cc_code)
    assert cc_code != cc.runtime, "the constructor filled in immutables, which are set aside"
    assert not cc.deployed_as(credit_code)
    assert not credit.deployed_as(credit_code[:-1] + bytes([credit_code[-1] ^ 1]))
    assert not credit.deployed_as(b"")


def test_the_compiler_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "CONTRACTS", tmp_path)
    (tmp_path / "src").mkdir()
    for name in build.DEPLOYABLE:
        (tmp_path / "src" / f"{name}.sol").write_text(f"pragma solidity 0.8.37; contract {name} {{")
    assert build.main([]) == 1
    assert "ParserError" in capsys.readouterr().err

"""What a tonne costs at a thousand: near the 1,875 gas its Transfer event costs by itself."""

from collections.abc import Iterator

import pytest

from benchmarks.gas import GasRow, gas_rows, table
from tests.support.anvil import running_anvil

GAS_PER_TONNE_MAX = 2_300


@pytest.fixture(scope="module")
def rows() -> Iterator[list[GasRow]]:
    with running_anvil() as url:
        yield gas_rows(url)


@pytest.mark.parametrize("action", ["mint_new_block", "mint", "send", "retire", "redeem"])
def test_a_thousand_tonnes_stay_under_the_goal(rows: list[GasRow], action: str) -> None:
    found = [r for r in rows if r.name == f"gas_{action}_1000" and r.contract == "CarbonCredit"]
    assert [row.gas_per_tonne < GAS_PER_TONNE_MAX for row in found] == [True]


def test_the_usual_contracts_do_not_reach_it(rows: list[GasRow]) -> None:
    sent = {row.contract: row.gas_per_tonne for row in rows if row.name == "gas_send_1000"}
    assert sent["OpenZeppelin"] > GAS_PER_TONNE_MAX < sent["ERC721A"]


def test_the_table_has_a_line_for_every_action_and_contract(rows: list[GasRow]) -> None:
    assert len(table(rows).splitlines()) == 2 + 5 + 3 + 3

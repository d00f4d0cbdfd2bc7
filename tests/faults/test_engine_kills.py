"""Engines and PostgreSQL die at random moments: nothing accepted is lost, nothing happens twice."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.supervised import said_beside_services

pytestmark = pytest.mark.faults

# The suite's run is short, and on a machine that does much else; `make faults` sets more of both,
# and holds every take-over to five seconds.
COMMANDS = int(os.environ.get("FAULT_COMMANDS", "500"))
STRIKES = int(os.environ.get("FAULT_STRIKES", "5"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
TAKE_OVER_S = float(os.environ.get("FAULT_TAKE_OVER_S", "30"))
LIMIT_S = 600 + COMMANDS / 20 + STRIKES * 15


def test_the_fills_are_those_of_an_undisturbed_run(tmp_path: Path) -> None:
    """Per market: `COMMANDS` commands, from a client that repeats what got no answer."""
    scenario = ["tests.faults.engine_scenario", str(COMMANDS), str(STRIKES), str(SEED)]
    found = json.loads(said_beside_services(scenario, tmp_path, LIMIT_S).splitlines()[-1])
    assert found["problems"] == []
    assert found["same_fills"] == [True, True]
    assert min(found["fills"]) > COMMANDS / 5
    assert found["orders_accepted"] == found["orders_placed"]
    assert sum(found["strikes"].values()) == STRIKES
    assert found["repeats"] > 0, "no client ever noticed: nothing was really killed"
    assert found["take_overs_s"], "nobody ever took a market over"
    assert max(found["take_overs_s"]) < TAKE_OVER_S, found["take_overs_s"]
    assert found["exit_codes"] == [0, 0]

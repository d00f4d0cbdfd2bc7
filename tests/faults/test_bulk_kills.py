"""Workers, engine and web die at random while a bulk order is carried out: every line once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.supervised import said_beside_services

pytestmark = pytest.mark.faults

# The suite's run is short; `make faults` sets more of both.
LINES = int(os.environ.get("FAULT_BULK_LINES", "200"))
STRIKES = int(os.environ.get("FAULT_BULK_STRIKES", "5"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
LIMIT_S = 600 + LINES / 25
# What one worker has with nothing to do, and with the solver in it, is most of it.
WORKER_MB_MAX = 600


@pytest.mark.parametrize("way", ["retire", "wait"])
def test_every_line_is_bought_and_retired_once_whoever_dies(tmp_path: Path, way: str) -> None:
    scenario = ["tests.faults.bulk_scenario", str(LINES), str(STRIKES), str(SEED), way]
    found = json.loads(said_beside_services(scenario, tmp_path, LIMIT_S).splitlines()[-1])
    assert found["problems"] == []
    assert found["state"] == "done"
    assert sum(found["kills"].values()) > 0, "it was over before anything was killed"
    assert found["planned"] == found["asked"] == found["parts"] == found["retired"]
    assert found["certified"] == found["asked"]
    assert found["filled"] == found["parts"] + found["surplus"]
    assert (found["lines"], found["lines_wrong"]) == (LINES, [])
    assert found["steps"] == found["commands"]
    assert found["peak_mb"]["worker"] < WORKER_MB_MAX

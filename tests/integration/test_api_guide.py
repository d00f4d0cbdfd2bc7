"""The guide's programs do what it says, as they are written there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.factories import api_key_make, fund, user_make
from tests.support.live import PLENTY_S, Live, engine, live
from tests.support.markets import UNIT, product_make

__all__ = ["engine", "live"]

GUIDE = Path(settings.BASE_DIR) / "docs" / "api" / "guide.md"
PROGRAMS = re.findall(r"^## (.+?)\n.*?^```(\w+)\n(.*?)^```", GUIDE.read_text(), re.M | re.S)
COMMANDS = {
    "python": [sys.executable, "-"],
    "javascript": ["node", "-"],
    "bash": ["bash", "-s"],
}


def test_it_has_python_twice_javascript_and_the_shell() -> None:
    languages = [language for _title, language, _text in PROGRAMS]
    assert languages == ["python", "python", "javascript", "bash"]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("language", "text"), [p[1:] for p in PROGRAMS], ids=[p[0] for p in PROGRAMS]
)
def test_the_program_places_an_order_and_cancels_it(live: Live, language: str, text: str) -> None:
    product, user = product_make("CC", "USDC"), user_make()
    fund(user.owner, product.quote, 10 * UNIT)
    key = api_key_make(user, scopes=["view", "trade"])
    command = COMMANDS[language]
    assert shutil.which(command[0]), f"{command[0]} is needed"
    environment = {
        "PATH": os.environ["PATH"],
        "CCMARKET_URL": live.url,
        "CCMARKET_KEY": key.api_key.key,
        "CCMARKET_SECRET": key.secret,
        "CCMARKET_PASSPHRASE": key.passphrase,
    }
    done = subprocess.run(
        command,
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        timeout=3 * PLENTY_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    placed, cancelled = done.stdout.split()
    assert "open" in placed
    assert "canceled" in cancelled

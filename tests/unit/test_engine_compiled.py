"""The engine's compiled form does what its Python does, and never what older Python did."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.orderbook.engine import compiled
from ccmarket.embedded import compiling

SEEDS = range(12)


def said_by(form: str) -> dict[str, Any]:
    """What `tests.support.decided` says in a process of its own."""
    command = [sys.executable, "-m", "tests.support.decided", *map(str, SEEDS)]
    env = {**os.environ, "ENGINE_COMPILED": form}
    done = subprocess.run(
        command, cwd=compiled.PROJECT, env=env, stdout=subprocess.PIPE, check=True
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.skipif(not compiling.can_compile(), reason="there is no C compiler")
def test_both_forms_decide_the_same_and_raise_the_same():
    subprocess.run(
        [sys.executable, "-m", "ccmarket.embedded.compiling"], cwd=compiled.PROJECT, check=True
    )
    one, other = said_by("1"), said_by("0")
    assert (one.pop("compiled"), other.pop("compiled")) == (True, False)
    assert one == other
    assert one["cycles"] == 0, "the engine does not collect while it is busy"
    assert sum(trades for _, trades in one["decided"]) > 300
    assert "nothing" not in one["errors"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources once more, of which nothing was compiled."""
    for name in (*compiled.RECIPE, *compiled.sources()):
        copy = tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(compiled.PROJECT / name, copy)
    monkeypatch.setattr(compiled, "PROJECT", tmp_path)
    monkeypatch.delenv("ENGINE_COMPILED", raising=False)
    return tmp_path


def library_put(content: bytes) -> None:
    library = compiled.library(compiled.folder())
    library.parent.mkdir(parents=True)
    library.write_bytes(content)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The libraries that would have been loaded."""
    paths: list[Path] = []
    monkeypatch.setattr(compiled, "_load", paths.append)
    return paths


def test_what_was_compiled_of_this_code_comes_before_its_sources(project: Path, loaded: list[Path]):
    assert compiled.paths() == []
    library_put(b"")
    assert compiled.paths() == [str(compiled.folder() / "apps/orderbook/engine")]
    assert loaded == [compiled.library(compiled.folder())]


@pytest.mark.parametrize("name", [*compiled.RECIPE, "apps/orderbook/engine/book/money.py"])
def test_an_edited_source_never_meets_older_code(project: Path, loaded: list[Path], name: str):
    library_put(b"")
    source = project / name
    source.write_text(source.read_text() + "\n# edited\n")
    assert compiled.paths() == []
    assert loaded == []


def test_a_module_that_was_added_to_the_book_is_a_source(project: Path, loaded: list[Path]):
    library_put(b"")
    (project / "apps/orderbook/engine/book/another.py").touch()
    assert compiled.paths() == []


def test_the_python_can_be_asked_for(
    project: Path, loaded: list[Path], monkeypatch: pytest.MonkeyPatch
):
    library_put(b"")
    monkeypatch.setenv("ENGINE_COMPILED", "0")
    assert compiled.paths() == []


def test_a_library_that_does_not_load_leaves_the_python(
    project: Path, caplog: pytest.LogCaptureFixture
):
    library_put(b"of another machine")
    before = sys.modules.get(compiled.LIBRARY)
    assert compiled.paths() == []
    assert "does not load" in caplog.text
    assert sys.modules.get(compiled.LIBRARY) is before


def test_what_checks_the_types_compiles_them():
    pins = [
        {line for line in (compiled.PROJECT / name).read_text().splitlines() if "==" in line}
        for name in ("requirements-compile.txt", "requirements-dev.txt")
    ]
    assert pins[0] <= pins[1]

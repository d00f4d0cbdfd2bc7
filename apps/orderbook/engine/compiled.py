"""Which form of the engine's pure modules runs: their Python, or what mypyc compiled of it.

The Python is the source, and runs wherever nothing was compiled of it. What was compiled stands in
a folder that is named by a fingerprint of the sources, the compiler's version and this Python, and
is looked for by the fingerprint of what is there now: so an edited source never meets older code.
Either all of these modules run compiled or none does (docs/adr/0015).

Standard library only: the set-up asks it, too, before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[3]
ENGINE: Final = Path("apps/orderbook/engine")
# Every module of the book, and these: what decides, and what says so. None of them asks anybody.
MODULES: Final = (
    "command", "decide", "feed", "fees", "form", "journal", "market", "rows", "settlement",
    "touched",
)  # fmt: skip
# How they are compiled, and by which version.
RECIPE: Final = ("ccmarket/embedded/compiling.py", "requirements-compile.txt")
# All of the code is in one library, from which each module's own takes its part.
GROUP: Final = "ccmarket_engine"
LIBRARY: Final = f"{GROUP}__mypyc"

log = logging.getLogger(__name__)


def sources() -> list[str]:
    """The modules that are compiled, as paths within the project."""
    book = sorted((PROJECT / ENGINE / "book").glob("*.py"))
    return [
        *(str(path.relative_to(PROJECT)) for path in book),
        *(str(ENGINE / f"{name}.py") for name in MODULES),
    ]


def fingerprint() -> str:
    """What the compiled code follows from, as one text. Takes about a millisecond."""
    digest = hashlib.sha256(EXTENSION_SUFFIXES[0].encode())
    for name in (*RECIPE, *sources()):
        content = (PROJECT / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:32]


def folder() -> Path:
    """Where the compiled form of what is there now belongs, whether it is there or not."""
    return PROJECT / "var" / "compiled" / fingerprint()


def library(folder: Path) -> Path:
    return folder / (LIBRARY + EXTENSION_SUFFIXES[0])


def is_wanted() -> bool:
    """`ENGINE_COMPILED=0` runs the Python, to look into it."""
    return os.environ.get("ENGINE_COMPILED", "1") != "0"


def is_running() -> bool:
    """Whether this process runs the compiled form."""
    return LIBRARY in sys.modules


def paths() -> list[str]:
    """Where to look for the engine's modules before their sources."""
    if not is_wanted() or not library(found := folder()).exists():
        return []
    try:
        _load(library(found))
    except ImportError as error:
        log.warning("The compiled engine does not load, so its Python runs: %s", error)
        return []
    return [str(found / ENGINE)]


def _load(path: Path) -> None:
    """The modules look for their library by its name alone."""
    spec = importlib.util.spec_from_file_location(LIBRARY, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[LIBRARY] = module

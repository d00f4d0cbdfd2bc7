"""Compile the engine: `python -m ccmarket.embedded.compiling`. Once for what is there now.

mypyc turns the typed modules of `apps.orderbook.engine.compiled` into C, which this machine's
compiler makes one library of. It is built aside and put in its place whole.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from apps.orderbook.engine import compiled
from ccmarket.embedded.install import can_compile

# The last few stay: a process may still import from the one that it began with.
KEPT: Final = 3
MAKING: Final = "making-"
# -O1 takes half the time of -O2, for code that is as fast: most of it calls Python's own.
OPTIMISATION: Final = "1"
# Whatever is imported from elsewhere is called as Python calls it, so nothing else has to be there.
OPTIONS: Final = ("--config-file=", "--follow-imports=skip", "--disable-error-code=misc")


def build(target: Path) -> None:
    """Compile into a folder of its own, then give it its name."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    with tempfile.TemporaryDirectory(dir=target.parent, prefix=MAKING) as making:
        options = (*OPTIONS, f"--cache-dir={making}/types")
        extensions = mypycify(
            [*options, *compiled.sources()],
            opt_level=OPTIMISATION,
            debug_level="0",
            group_name=compiled.GROUP,
            target_dir=f"{making}/c",
        )
        command = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
        command.build_temp, command.build_lib = f"{making}/o", f"{making}/lib"
        command.parallel = 2
        command.ensure_finalized()
        command.run()
        Path(making, "lib").rename(target)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Whoever comes second waits, and finds it done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(folder: Path) -> None:
    """Remove what was begun and not ended, and all but the newest."""
    found = [path for path in folder.iterdir() if path.is_dir()]
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    whole = [path for path in found if not path.name.startswith(MAKING)]
    for path in {*found} - {*whole[:KEPT]}:
        shutil.rmtree(path, ignore_errors=True)


def main() -> int:
    if not can_compile():
        print("There is no C compiler here: the engine runs as Python, which is slower.")
        return 0
    os.chdir(compiled.PROJECT)
    target = compiled.folder()
    with _alone(target.parent):
        if not target.exists():
            build(target)
            _sweep(target.parent)
    print(f"The engine is compiled: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

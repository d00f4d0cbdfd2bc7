"""Import real registry exports twice: `python -m tests.checks.registry_exports FOLDER`.

Needs services of its own (`make check-data` gives it some). Every record of a file has to be
accounted for, none refused, and the second import has to change nothing.
"""

import csv
import re
import subprocess
import sys
from pathlib import Path

from ccmarket.embedded.layout import MANAGE, PROJECT

# Files below FOLDER that the importers read as they are.
FILES = ("verra/transactions.csv",)
SUMMARY = re.compile(r"^rows (\d+) accepted (\d+) unchanged (\d+) refused (\d+)$", re.MULTILINE)


def manage(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(MANAGE), *words],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"manage.py {' '.join(words)} failed:\n{done.stdout}")
    return done.stdout


def import_once(path: Path) -> tuple[int, int, int, int]:
    """Rows, accepted, unchanged, refused."""
    said = manage("import_registry", str(path))
    found = SUMMARY.search(said)
    if found is None:
        sys.exit(f"{path}: no summary in\n{said}")
    rows, accepted, unchanged, refused = map(int, found.groups())
    return rows, accepted, unchanged, refused


def record_count(path: Path) -> int:
    """Counted by somebody else than the importer."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return sum(1 for record in csv.reader(file) if any(record)) - 1


def check(path: Path) -> list[str]:
    """What is wrong with the import of this file, in sentences."""
    expected = record_count(path)
    first, second = import_once(path), import_once(path)
    print(f"{path}: rows {expected}, first import {first}, second {second}")
    wrong = []
    if first != (expected, expected, 0, 0):
        wrong.append(f"{path}: the first import should accept {expected} rows and did {first}")
    if second != (expected, 0, expected, 0):
        wrong.append(f"{path}: the second import should change nothing and did {second}")
    return wrong


def main(folder: Path) -> None:
    manage("migrate", "--no-input", "--verbosity", "0")
    wrong = [sentence for name in FILES for sentence in check(folder / name)]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

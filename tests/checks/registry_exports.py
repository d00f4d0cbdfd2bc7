"""Import real registry exports twice: `python -m tests.checks.registry_exports FOLDER`.

Needs services of its own (`make check-data` gives it some). Prints an account of every CSV file
below FOLDER. Every record has to be accounted for, only what `REFUSED` names may be refused, the
quantity accepted has to be the sum in the file as pandas reads it, and the second import has to
change nothing, each file once right after its first import and all once more at the end.
"""

import os
import re
import sys
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from pathlib import Path

import django
import pandas as pd
from django.core.management import CommandError, call_command

SUMMARY = re.compile(r"^rows (\d+) accepted (\d+) unchanged (\d+) refused (\d+)$", re.MULTILINE)
TONNES = re.compile(r"^tonnes accepted ([0-9.]+)$", re.MULTILINE)
REFUSAL = re.compile(r"^line \d+: (\w+): ", re.MULTILINE)

# The column that holds the quantity of each kind of file, the first that a file has; lists of
# projects have none of them.
QUANTITIES = (
    "Quantity Issued",
    "Quantity of Credits",
    "Quantity of Offset Credits",
    "Quantity",
    "quantity",
    "Total Credits Issued",
    "Total Offset Credits Issued",
    "Total Emission Reductions/Removals",
    "ARB Offset Credits Issued",
    "issued_quantity",
    "credit_batch_size_total.credits",
)
# A statement of an account lands nothing.
STATEMENTS = frozenset({"verra-holdings"})
# How many rows of a file are refused, and why: the projects of ARB without an issuance.
REFUSED = {"arb/nc-arboc_issuance_sheet3.csv": {"value_missing": 2}}


@dataclass(frozen=True)
class Account:
    """What one import said."""

    rows: int
    accepted: int
    unchanged: int
    refused: int
    tonnes: Decimal
    reasons: dict[str, int]

    def __str__(self) -> str:
        why = "".join(f", {code} {number}" for code, number in self.reasons.items())
        return (
            f"rows {self.rows} accepted {self.accepted} unchanged {self.unchanged} "
            f"refused {self.refused}{why}; {self.tonnes} t accepted"
        )


def manage(*words: str) -> str:
    """What `manage.py` prints; all in one process, for there are many files."""
    output = StringIO()
    try:
        call_command(*words, stdout=output)
    except CommandError as error:
        sys.exit(f"manage.py {' '.join(words)} failed: {error}\n{output.getvalue()}")
    return output.getvalue()


def import_once(path: Path) -> Account:
    said = manage("import_registry", str(path), "--verbosity", "2")
    found, tonnes = SUMMARY.search(said), TONNES.search(said)
    if found is None or tonnes is None:
        sys.exit(f"{path}: no summary in\n{said}")
    codes = REFUSAL.findall(said)
    reasons = {code: codes.count(code) for code in sorted(set(codes))}
    return Account(*map(int, found.groups()), Decimal(tonnes[1]), reasons)


def counted(path: Path) -> tuple[int, Decimal]:
    """Records and tonnes of a file, counted by somebody else than the importer."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    column = next((name for name in QUANTITIES if name in table.columns), None)
    if column is None:
        return len(table), Decimal(0)
    cells = table[column].str.replace(",", "").str.strip()
    return len(table), sum((Decimal(cell) for cell in cells if cell), Decimal(0))


def held(path: Path) -> Decimal:
    """Tonnes of the rows of a statement that could be read."""
    from apps.registry.imports.formats import read
    from apps.registry.imports.rows import HoldingRow

    return Decimal(sum(row.serial.quantity for row in read(path) if isinstance(row, HoldingRow)))


def check(path: Path, name: str) -> list[str]:
    """What is wrong with the import of this file, in sentences."""
    records, tonnes = counted(path)
    first, second = import_once(path), import_once(path)
    print(f"{name}: {records} records of {tonnes} t; first {first}; second {second}", flush=True)
    reasons = REFUSED.get(name, {})
    good = records - sum(reasons.values())
    is_statement = Path(name).parent.name in STATEMENTS
    wrong = []
    if (first.rows, first.reasons) != (records, reasons):
        wrong.append(f"{name}: {records} records should be refused as {reasons}, and did: {first}")
    if (first.accepted, first.unchanged) != ((0, good) if is_statement else (good, 0)):
        wrong.append(f"{name}: the first import should accept {good} rows, and did: {first}")
    accepted = held(path) if is_statement else first.tonnes
    if accepted != tonnes:
        wrong.append(f"{name}: {tonnes} t should be accepted, not {accepted}")
    return wrong + unchanged(name, good, second)


def unchanged(name: str, good: int, again: Account) -> list[str]:
    if (again.accepted, again.unchanged) == (0, good):
        return []
    return [f"{name}: importing again should change nothing, and did: {again}"]


def main(folder: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
    django.setup()
    manage("migrate", "--no-input", "--verbosity", "0")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.csv"))
    if not names:
        sys.exit(f"no CSV file below {folder}")
    wrong = [sentence for name in names for sentence in check(folder / name, name)]
    for name in names:
        good = counted(folder / name)[0] - sum(REFUSED.get(name, {}).values())
        wrong += unchanged(name, good, import_once(folder / name))
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(names)} files, each imported three times")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

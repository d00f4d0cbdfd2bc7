"""Import real registry exports: `python -m tests.checks.registry_exports [--whole] FOLDER`.

Needs services of its own (`make check-data` gives it some). Prints an account of every CSV and XLSX
file below FOLDER, whoever's and wherever it is from. For each of them

- every record is accounted for: rows = accepted + unchanged + refused, as many as pandas counts;
- every refused row has a line, a code and a sentence;
- the tonnes accepted, those known before and those of refused rows are the file's, as pandas sums;
- importing it again changes nothing, right after its first import and once more at the end.

With `--whole` no row that has tonnes may be refused or known before: for files that are right and
that nobody has imported.
"""

import argparse
import csv
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

# The column that holds the quantity of each kind of file, the first that a file has; lists of
# projects have none of them.
QUANTITIES = (
    "quantity issued",
    "quantity of credits",
    "quantity of offset credits",
    "quantity",
    "total credits issued",
    "total offset credits issued",
    "total emission reductions/removals",
    "arb offset credits issued",
    "issued_quantity",
    "credit_batch_size_total.credits",
)
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")


@dataclass(frozen=True)
class Counted:
    """Records of a file and their tonnes, counted by somebody else than the importer.

    `tonnes` has the line of each record; it is None where the file has no quantities.
    """

    records: int
    tonnes: dict[int, Decimal] | None

    def sum(self, lines: set[int] | None = None) -> Decimal:
        found = self.tonnes or {}
        return sum((found[line] for line in (found if lines is None else lines)), Decimal(0))


@dataclass(frozen=True)
class Account:
    """What one import said; `reasons` has the code of each refused line."""

    rows: int
    accepted: int
    unchanged: int
    refused: int
    tonnes: Decimal
    reasons: dict[int, str]

    def __str__(self) -> str:
        codes = sorted(self.reasons.values())
        why = "".join(f", {code} {codes.count(code)}" for code in dict.fromkeys(codes))
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
    from apps.registry.models import ImportRefusal, ImportRun

    said = manage("import_registry", str(path), "--verbosity", "2")
    found, tonnes = SUMMARY.search(said), TONNES.search(said)
    if found is None or tonnes is None:
        sys.exit(f"{path}: no summary in\n{said}")
    refusals = ImportRefusal.objects.filter(run=ImportRun.objects.latest("pk"))
    if any(not (each.line and each.code and each.message) for each in refusals):
        sys.exit(f"{path}: a row is refused without line, code or sentence\n{said}")
    reasons = {each.line: each.code for each in refusals}
    return Account(*map(int, found.groups()), Decimal(tonnes[1]), reasons)


def counted(path: Path) -> Counted:
    lines, table = sheet_of(path) if path.suffix.lower() == ".xlsx" else text_of(path)
    assert len(lines) == len(table), f"{path}: {len(lines)} lines for {len(table)} records"
    folded = {" ".join(str(name).split()).casefold(): name for name in table.columns}
    column = next((folded[name] for name in QUANTITIES if name in folded), None)
    if column is None:
        return Counted(len(table), None)
    cells = table[column].str.replace(",", "").str.strip()
    tonnes = (Decimal(cell) if cell else Decimal(0) for cell in cells)
    return Counted(len(table), dict(zip(lines, tonnes, strict=True)))


def text_of(path: Path) -> tuple[list[int], pd.DataFrame]:
    """The line on which each record starts, and the records."""
    for encoding in ENCODINGS:
        try:
            text = path.read_text(encoding)
        except UnicodeError:
            continue
        break
    header = text[: text.index("\n")]
    delimiter = max(",;\t", key=header.count)
    table = pd.read_csv(
        StringIO(text), sep=delimiter, dtype=str, keep_default_na=False, index_col=False
    )
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    starts, line = [], 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            starts.append(line)
        line = reader.line_num + 1
    return starts[1:], table


def sheet_of(path: Path) -> tuple[list[int], pd.DataFrame]:
    table = pd.read_excel(path, dtype=str, keep_default_na=False)
    return list(range(2, len(table) + 2)), table


def held(path: Path) -> Decimal | None:
    """Tonnes of the rows of a statement that could be read, which lands nothing; or None."""
    from apps.registry.imports.formats import read
    from apps.registry.imports.rows import HoldingRow

    rows = list(read(path))
    if not any(isinstance(row, HoldingRow) for row in rows):
        return None
    return Decimal(sum(row.serial.quantity for row in rows if isinstance(row, HoldingRow)))


def check(path: Path, name: str, *, is_whole: bool) -> list[str]:
    """What is wrong with the import of this file, in sentences."""
    count = counted(path)
    first, second = import_once(path), import_once(path)
    refused = count.sum(set(first.reasons)) if count.tonnes else Decimal(0)
    print(
        f"{name}: {count.records} records of {count.sum()} t, {refused} t of them refused; "
        f"first {first}; second {second}",
        flush=True,
    )
    good = count.records - first.refused
    statement = held(path)
    accepted = first.tonnes if statement is None else statement
    is_known = bool(first.unchanged) and statement is None
    wrong = []
    if first.rows != count.records:
        wrong.append(f"{name}: {count.records} records became {first.rows} rows")
    if first.accepted + first.unchanged != good or len(first.reasons) != first.refused:
        wrong.append(f"{name}: {count.records} records are not accounted for: {first}")
    expected = count.sum() - refused
    if accepted > expected or (accepted != expected and not is_known):
        wrong.append(f"{name}: {expected} t should be accepted, not {accepted}")
    if is_whole and (refused or is_known or (first.refused and not count.tonnes)):
        wrong.append(f"{name}: every row that says something should be new and in order: {first}")
    return wrong + unchanged(name, good, second)


def unchanged(name: str, good: int, again: Account) -> list[str]:
    if (again.accepted, again.unchanged) == (0, good):
        return []
    return [f"{name}: importing again should change nothing, and did: {again}"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.checks.registry_exports")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--whole", action="store_true", help="nothing with tonnes is refused")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")
    django.setup()
    manage("migrate", "--no-input", "--verbosity", "0")
    files = [p for p in options.folder.rglob("*") if p.suffix.lower() in (".csv", ".xlsx")]
    names = sorted(str(path.relative_to(options.folder)) for path in files)
    if not names:
        sys.exit(f"no CSV or XLSX file below {options.folder}")
    wrong: list[str] = []
    for name in names:
        wrong += check(options.folder / name, name, is_whole=options.whole)
    for name in names:
        again = import_once(options.folder / name)
        wrong += unchanged(name, again.rows - again.refused, again)
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(names)} files, each imported three times")


if __name__ == "__main__":
    main()

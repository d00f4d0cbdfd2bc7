"""Real projects with real serial numbers, kept by hand in `projects.toml`.

The file gives what an import gives, so that both go the same way into the database.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.registry import serials
from apps.registry.imports.rows import BlockRow, Ending, ProjectFacts, VintageFacts

PATH = Path(__file__).with_name("projects.toml")


def catalogue_rows(path: Path = PATH) -> Iterator[BlockRow]:
    """Every block of the catalogue in order, numbered from 1."""
    projects = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    number = 0
    for project in projects:
        facts = _project(project)
        for vintage in project["vintage"]:
            for block in vintage["blocks"]:
                number += 1
                yield BlockRow(
                    line=number,
                    serial=serials.parse(block["serial"], registry=project["registry"]),
                    project=facts,
                    vintage=_vintage(vintage),
                    issued_on=block.get("issued"),
                    certifications=tuple(block.get("certifications", ())),
                    ending=_ending(block),
                )


def _project(table: dict[str, Any]) -> ProjectFacts:
    return ProjectFacts(
        number=table["id"],
        name=table["name"],
        country=table["country"],
        project_type=table["type"],
        methodologies=tuple(table.get("methodologies", ())),
        proponent=table.get("proponent", ""),
        status=table.get("status", ""),
        kind=table["kind"],
        description=table["description"],
    )


def _vintage(table: dict[str, Any]) -> VintageFacts:
    return VintageFacts(
        start=table["start"],
        end=table["end"],
        year=table.get("year", table["end"].year),
        issued_tonnes=table.get("issued_tonnes"),
    )


def _ending(table: dict[str, Any]) -> Ending | None:
    if "ended" not in table:
        return None
    return Ending(on=table["ended"], beneficiary=table.get("beneficiary", ""))

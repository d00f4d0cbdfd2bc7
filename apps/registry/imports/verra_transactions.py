"""Verra's transactions export: every block of VCUs that is issued, and which were retired.

One row is one block, 17 columns, found by name in any order; what is only told of the project may
be missing. A block that was partly retired appears as several rows, one for each part, so that
rows never overlap. `Total Vintage Quantity` is what was issued in all for one project and
monitoring period: it is the same in all of their rows, and their quantities never exceed it in
sum. A row with a date in `Retirement/Cancellation Date` is gone for good; Verra does not say
which of the two it was.
"""

from apps.registry.imports.cells import goal_labels, goals
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import BlockRow, Ending, ProjectFacts, VintageFacts
from apps.registry.refusals import RowRefused
from apps.registry.serials import verra

_DATES = ("issuance date", "vintage start", "vintage end")
_ENDED_ON = "retirement/cancellation date"
# The columns that say all there is of a project, of a vintage, of the labels of a block.
_PROJECT = ("id", "name", "country/area", "project type", "methodology")
_VINTAGE = ("vintage start", "vintage end", "total vintage quantity")
_LABELS = ("additional certifications", "sustainable development goals")
_COLUMNS = frozenset(
    {*_DATES, "id", "name", "country/area", "quantity issued", "serial number", _ENDED_ON}
)
# What the registry's own interface calls them, which others save as they are.
_ALIASES = {
    "issuancedate": "issuance date",
    "programobjectives": "sustainable development goals",
    "vintagestart": "vintage start",
    "vintageend": "vintage end",
    "reporting period start": "vintage start",
    "reporting period end": "vintage end",
    "reportingperiodstart": "vintage start",
    "reportingperiodend": "vintage end",
    "resourceidentifier": "id",
    "project id": "id",
    "resourcename": "name",
    "project name": "name",
    "country": "country/area",
    "protocolcategory": "project type",
    "protocol": "methodology",
    "totalvintagequantity": "total vintage quantity",
    "quantity": "quantity issued",
    "serialnumbers": "serial number",
    "serial numbers": "serial number",
    "additionalcertifications": "additional certifications",
    "retireorcanceldate": _ENDED_ON,
    "retirementbeneficiary": "retirement beneficiary",
    "retirementreason": "retirement reason",
    "retirementdetails": "retirement details",
}


def _block_row(cells: Cells) -> BlockRow:
    serial = verra.parse(cells.text("serial number"))
    row = BlockRow(
        line=cells.line,
        serial=serial,
        project=cells.cached(_project, *_PROJECT),
        vintage=cells.cached(_vintage, *_VINTAGE),
        issued_on=cells.date("issuance date"),
        certifications=cells.cached(_labels, *_LABELS),
        ending=_ending(cells),
    )
    _check_agreement(row, serial, quantity=cells.whole_number("quantity issued"))
    return row


def _vintage(cells: Cells) -> VintageFacts:
    end = cells.date("vintage end")
    return VintageFacts(
        start=cells.date("vintage start"),
        end=end,
        # As in the serial number, which has to agree.
        year=end.year,
        issued_tonnes=cells.optional_whole_number("total vintage quantity"),
    )


def _labels(cells: Cells) -> tuple[str, ...]:
    return cells.items("additional certifications") + goal_labels(
        goals(cells.optional("sustainable development goals"))
    )


def _project(cells: Cells) -> ProjectFacts:
    number = cells.whole_number("id")
    name = cells.text("name", limit_chars=400)
    cells.text("country/area")
    return ProjectFacts(
        number=str(number),
        name=name,
        country=cells.country("country/area"),
        project_type=cells.optional("project type", limit_chars=200),
        methodologies=cells.items("methodology"),
    )


def _ending(cells: Cells) -> Ending | None:
    if not cells.optional(_ENDED_ON):
        return None
    return Ending(
        on=cells.date(_ENDED_ON),
        beneficiary=cells.optional("retirement beneficiary"),
        reason=cells.optional("retirement reason", limit_chars=200),
        details=cells.optional("retirement details"),
    )


def _check_agreement(row: BlockRow, serial: verra.VerraSerial, *, quantity: int) -> None:
    """The serial number repeats what the other columns say; where they differ, nothing is sure."""
    if quantity != serial.quantity:
        raise RowRefused("quantity_mismatch", quantity=quantity, serials=serial.quantity)
    if row.project.number != serial.project:
        raise RowRefused("project_mismatch", found=row.project.number, expected=serial.project)
    vintage = row.vintage
    if (vintage.start, vintage.end) != (serial.vintage_start, serial.vintage_end):
        raise RowRefused(
            "vintage_mismatch",
            found=f"{vintage.start}..{vintage.end}",
            expected=f"{serial.vintage_start}..{serial.vintage_end}",
        )


VERRA_TRANSACTIONS = CsvFormat(
    registry=verra.REGISTRY,
    kind="transactions",
    columns=_COLUMNS,
    aliases=_ALIASES,
    dates=(*_DATES, _ENDED_ON),
    says=BlockRow,
    row_of=_block_row,
)

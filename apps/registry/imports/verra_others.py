"""Verra's list of projects, and its report of what an account holds.

The report of an account is read and checked, and lands nothing: it says where credits are, not
what was issued. `HoldingRow` is what a comparison with our custody works on.
"""

from apps.registry.imports.facts import check_serial, facts_of, number_of
from apps.registry.imports.reading import Cells, CsvFormat
from apps.registry.imports.rows import HoldingRow, ProjectFacts, ProjectRow
from apps.registry.serials import verra


def _project(cells: Cells) -> ProjectRow:
    facts = facts_of(
        cells,
        number_of(cells, "id"),
        name="name",
        country="country/area",
        project_type="project type",
        methodology="methodology",
        proponent="proponent",
        status="status",
        crediting_start="crediting period start date",
        crediting_end="crediting period end date",
        afolu="afolu activities",
        registered_on="project registration date",
        annual_tonnes="estimated annual emission reductions",
        further={"world_region": "region"},
    )
    return ProjectRow(cells.line, verra.REGISTRY, facts)


def _holding(cells: Cells) -> HoldingRow:
    serial = verra.parse(cells.text("serial number"))
    number = number_of(cells, "project id")
    check_serial(serial, tonnes=cells.whole_number("quantity of credits"), number=number)
    return HoldingRow(
        line=cells.line,
        serial=serial,
        project=ProjectFacts(number, cells.optional("project name"), serial.country),
        account=cells.text("sub-account id"),
        account_name=cells.optional("sub-account name"),
    )


VERRA_PROJECTS = CsvFormat(
    registry=verra.REGISTRY,
    kind="projects",
    columns=frozenset({"id", "name", "proponent", "status", "country/area"}),
    aliases={"project id": "id", "project name": "name", "country": "country/area"},
    dates=("crediting period start date", "crediting period end date"),
    says=ProjectRow,
    row_of=_project,
)
VERRA_HOLDINGS = CsvFormat(
    registry=verra.REGISTRY,
    kind="holdings",
    columns=frozenset({"project id", "quantity of credits", "serial number", "sub-account id"}),
    says=HoldingRow,
    row_of=_holding,
)

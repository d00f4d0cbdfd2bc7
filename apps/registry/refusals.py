"""Why a serial, a row or a file of a registry is refused: one stable code and one sentence each.

The codes are part of the interface: the import's printed account, the API and the admin
show them, and people search logs for them. Change a sentence freely, a code never.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

MESSAGES: dict[str, Any] = {
    # A serial number by itself
    "serial_empty": _("There is no serial number here. Enter it as the registry prints it."),
    "serial_unknown": _(
        "%(text)s is not a serial number of a registry we know. Copy it whole from the registry."
    ),
    "serial_length": _(
        "A serial number of this registry has %(expected)s parts joined by hyphens; this one has "
        "%(found)s. Copy it whole from the registry."
    ),
    "serial_letter_o": _(
        "The %(part)s is written with the letter O (“%(found)s”); the registry uses the digit 0. "
        "Check the number in the registry and write a zero."
    ),
    "serial_part": _(
        "The %(part)s of the serial number cannot be “%(found)s”. Copy it again from the registry."
    ),
    "serial_country": _(
        "The serial number names the country “%(found)s”, which is not an ISO 3166-1 code. Check "
        "it in the registry."
    ),
    "serial_range": _(
        "The serial number runs from %(first)s to %(last)s; it must start at %(least)s or "
        "later, end no earlier than it starts, and stay below %(below)s."
    ),
    "serial_vintage": _(
        "The vintage in the serial number runs from %(start)s to %(end)s, which is not a period."
    ),
    "serial_ends": _(
        "The two numbers of this range differ in more than the number. Copy both from the registry."
    ),
    "serial_without_range": _(
        "“%(found)s” names a whole issuance. Add its range as the registry shows it: “1 to 100”."
    ),
    "serial_key": _(
        "“%(found)s” is not written as this registry writes it. Copy it whole from the registry."
    ),
    "serial_none": _(
        "“%(found)s” is an id of Isometric, which gives no serial numbers. Look for its project."
    ),
    # One row of an export
    "row_length": _("The row has %(found)s cells, the header has %(expected)s."),
    "row_quote": _("A quotation mark opens in this row and never closes: the file is cut off."),
    "row_long": _("A cell of this row is longer than any registry writes. Export it again."),
    "row_control": _("The row contains a NUL character, which no text has. Export it again."),
    "value_missing": _("The column “%(column)s” is empty."),
    "value_date": _("“%(found)s” in the column “%(column)s” is not a date."),
    "value_quantity": _("“%(found)s” in the column “%(column)s” is not a whole number of tonnes."),
    "value_kilograms": _("“%(found)s” in the column “%(column)s” is not a number of kilograms."),
    "value_project": _("“%(found)s” in the column “%(column)s” is not the number of a project."),
    "value_status": _("“%(found)s” is not a status that a row of this kind of file can have."),
    "value_period": _("The period runs from %(start)s to %(end)s, which is not a period."),
    "kilograms_mismatch": _(
        "The row says %(tonnes)s tonnes and %(kilograms)s kilograms. They must agree."
    ),
    "value_nested": _("“%(found)s” in the column “%(column)s” is not a list of records."),
    "value_long": _("The column “%(column)s” holds %(found)s characters; at most %(limit)s fit."),
    "country_unknown": _("No country is called “%(found)s”."),
    "quantity_mismatch": _(
        "The row says %(quantity)s tonnes, its serial numbers are %(serials)s. They must agree."
    ),
    "project_mismatch": _("The row says project %(found)s, its serial number says %(expected)s."),
    "vintage_mismatch": _(
        "The row says vintage %(found)s, its serial number says %(expected)s. They must agree."
    ),
    # One row against what is known already
    "serial_overlap": _(
        "Serial numbers %(first)s to %(last)s overlap the block %(other)s, which is known already."
    ),
    "vintage_exceeded": _(
        "With this row the blocks of the vintage add up to %(sum)s tonnes, more than the "
        "%(total)s that the registry issued for it."
    ),
    "ending_overlap": _(
        "Serial numbers %(first)s to %(last)s overlap %(other)s, which the registry reported as "
        "retired or cancelled before. No serial number ends twice: ask the registry."
    ),
    "entry_twice": _("The file has “%(found)s” twice, and the two differ. The earlier one stays."),
    "vintage_changed": _("The block is known already, as part of another vintage or project."),
    "issuance_changed": _(
        "The block is known as issued on %(known)s; the file says %(found)s. Ask the registry."
    ),
    "ending_changed": _(
        "The block is known as retired or cancelled on %(known)s; the file says %(found)s. What is "
        "retired stays so: is the file an older one?"
    ),
    "block_held": _(
        "The registry says that this block was retired or cancelled on %(on)s, but it is in our "
        "custody. Stop and compare with the registry account."
    ),
    "block_receiving": _(
        "The registry has cut the block %(other)s, which somebody proposes to receive whole. "
        "Decide on that receipt first, then import again."
    ),
    # The file as a whole
    "file_missing": _("There is no file at %(path)s."),
    "file_changed": _(
        "The file is not the one that the preview has read. Upload it again and look at it again."
    ),
    "file_special": _(
        "%(path)s is a folder, a device or a pipe. Give the path of the export itself."
    ),
    "file_large": _(
        "The file has %(found)s MB, in a workbook once it is unpacked; at most %(limit)s MB are "
        "read. Split the export by years and import each."
    ),
    "file_empty": _("The file is empty. Download the export again."),
    "file_binary": _("The file is not text. Save the export as CSV or XLSX and try again."),
    "file_encoding": _(
        "From line %(line)s on the file is not UTF-8 text. Save it as “CSV UTF-8” and try again."
    ),
    "file_cut": _(
        "The file ends in the middle of line %(line)s. Download the export again, and whole."
    ),
    "file_line": _("Line %(line)s is longer than %(limit)s characters: this is not a CSV export."),
    "file_wide": _("The header has %(found)s columns; no export has more than %(limit)s."),
    "file_header": _(
        "The first lines have no header of an export that we read. We read: %(known)s."
    ),
    "file_columns": _(
        "The header is nearly that of %(registry)s %(kind)s, but lacks %(columns)s. Export it "
        "again with every column."
    ),
    "file_registry": _(
        "The header is that of “%(found)s”, not of the registry “%(expected)s” you asked for."
    ),
    "file_sheets": _(
        "The workbook holds more than one export: the sheets %(sheets)s. Save each as its own file."
    ),
    "file_workbook": _(
        "The workbook cannot be read: it is damaged or not an XLSX. Save it again from a "
        "spreadsheet, or as CSV."
    ),
    "file_bomb": _(
        "The workbook unpacks to far more than a spreadsheet does, so it is left alone. Save it "
        "again from a spreadsheet, or as CSV."
    ),
}


class RefusedError(ValueError):
    """Something a registry's export or a person wrote cannot be taken, and why.

    `code` is stable for machines, `str()` is the sentence for people, `params` the values in it.
    """

    kind: ClassVar[str] = "input"
    messages: ClassVar[Mapping[str, Any]] = MESSAGES

    def __init__(self, code: str, **params: object) -> None:
        assert code in self.messages, f"no sentence for the refusal {code}"
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return str(self.messages[self.code]) % self.params


class SerialRefused(RefusedError):
    """A text is not a serial number of the registry."""

    kind = "serial"


class RowRefused(RefusedError):
    """A row of an export contradicts itself or what is known; the rows around it still land."""

    kind = "row"


class FileRefused(RefusedError):
    """The file as a whole cannot be used; nothing of it lands."""

    kind = "file"

"""What is wrong with a file or with one of its lines: stable codes, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.utils.translation import gettext_lazy as _

from apps.registry.refusals import MESSAGES, RefusedError

LINES_MAX: Final = 100_000
DEMANDS_MAX: Final = 2_000

BULK_MESSAGES: Final[Mapping[str, Any]] = {
    # What the readers of registries' files say, where it would sound odd here.
    **MESSAGES,
    "file_large": _(
        "The file has %(found)s MB, in a workbook once it is unpacked; at most %(limit)s MB are "
        "read. Split it into several orders."
    ),
    "file_empty": _("The file is empty. Fill in the template and send it again."),
    "file_binary": _("The file is not text. Save it as CSV or XLSX and try again."),
    "file_cut": _("The file ends in the middle of line %(line)s. Save it again, and whole."),
    "file_line": _("Line %(line)s is longer than %(limit)s characters. Save the file again."),
    "file_header": _(
        "None of the first rows is a header with the columns %(columns)s. Start from the template."
    ),
    "file_sheets": _(
        "The workbook has more than one sheet with lines: %(sheets)s. Send each as its own order."
    ),
    "column_unknown": _(
        "There is no column “%(found)s”. Rename it or take it out, so that nothing that you ask "
        "for is passed over. The columns are: %(columns)s."
    ),
    "column_twice": _("The column “%(found)s” is there twice. Take one out."),
    "column_missing": _("The column “%(column)s” is missing. Start from the template."),
    "quantity_columns": _(
        "Give the amounts either in a column “tonnes”, or in “kilograms”, or in “quantity” with "
        "the unit in “unit”; not in several."
    ),
    "lines_none": _("There are no lines below the header."),
    "lines_many": _("There are more than %(limit)s lines. Split the file into several orders."),
    "demands_many": _(
        "There are more than %(limit)s different sets of constraints. Split the file into several "
        "orders, or use the same constraints for more lines."
    ),
    "marks_mixed": _(
        "Decimals are written with a point in line %(point)s and with a comma in line %(comma)s. "
        "Use one of them throughout."
    ),
    "worker_lost": _("Its worker ended before the work did, %(times)s times. Nothing was placed."),
    "internal": _("It failed on our side. Nothing was placed."),
    # One line
    "row_quote": _("A quotation mark opens in this line and never closes."),
    "row_long": _("A cell of this line is longer than anything we take."),
    "row_control": _("The line contains a NUL character, which no text has."),
    "row_length": _("The line has %(found)s cells, the header has %(expected)s."),
    "value_formula": _("This is a formula. Put in its value instead."),
    "value_missing": _(
        "This is empty. Of merged cells only the first has the value: take the merging back."
    ),
    "value_long": _("This has %(found)s characters; at most %(limit)s fit."),
    "number_invalid": _("“%(found)s” is not an amount. Write it like 1234.5."),
    "number_ambiguous": _(
        "“%(found)s” may mean two amounts. Write it without a mark between thousands, and with "
        "decimals that are not exactly three if their mark is a comma."
    ),
    "number_doubtful": _(
        "An amount here, like 1.234, may mean two amounts, because line %(line)s writes decimals "
        "with a comma. Write it without a mark between thousands."
    ),
    "quantity_range": _("The amount must be one gram or more, and at most %(limit)s t."),
    "quantity_fraction": _("No amount is smaller than a gram: use fewer decimals."),
    "unit_unknown": _("The unit is t, kg or g, not “%(found)s”."),
    "price_range": _("A price is above 0, with at most 6 decimals."),
    "date_invalid": _("“%(found)s” is not a date. Write it like 2026-12-31."),
    "date_ambiguous": _("“%(found)s” may be two dates. Write it like 2026-12-31."),
    "period_backwards": _("The period ends before it starts."),
    "country_unknown": _("No country is called “%(found)s”."),
    "year_invalid": _("“%(found)s” is not a year."),
    "registry_unknown": _("There is no registry “%(found)s”."),
    "type_unknown": _("There is no type “%(found)s”."),
    "label_unknown": _("There is no label “%(found)s”."),
    "rating_unknown": _("There is no grade “%(found)s”. Write it like agency:AA."),
}


class BulkRefused(RefusedError):
    """A file of a bulk order, or one of its cells, that cannot be taken."""

    kind = "bulk"
    messages: ClassVar[Mapping[str, Any]] = BULK_MESSAGES


def sentence_of(code: str, params: Mapping[str, Any]) -> str:
    """The sentence in the reader's language."""
    return str(BULK_MESSAGES[code]) % params

"""What single cells of registry exports mean, in all the spellings that occur."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

_ISO_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:[T ].*)?")
_COMPACT_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_WRITTEN_DATE = re.compile(
    r"(?:([0-9]{1,2})[ -]([A-Za-z]{3,9})[ ,-]+|([A-Za-z]{3,9})\.? ([0-9]{1,2}),? )"
    r"([0-9]{4}|[0-9]{2})(?: .*)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Of two digits a year is only between slashes or dots: 14-05-06 could be read three ways.
_SLASHED_DATE = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4}|(?<=/)[0-9]{2})(?:[T ].*)?")
_DOTTED_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}|[0-9]{2})(?: .*)?")
_GOAL = re.compile(r"(?:^|[;,])\s*([0-9]{1,2})(?=\s*(?:[:.;,]|$))")
_PLACES = Decimal("0.000001")
# Ids and counts that went through a spreadsheet come back as floats: 11191.0
_DIGITS_MAX = 15
# But 1.000 is one to some and a thousand to others.
_WHOLE = re.compile(
    r"(?![1-9][0-9]{0,2}\.000$)"
    rf"([0-9]{{1,{_DIGITS_MAX}}}|[0-9]{{1,3}}(?:(?:,[0-9]{{3}}){{1,4}}|(?:[ '’][0-9]{{3}}){{1,4}}))"
    r"(?:\.0+)?"
)
_BETWEEN_THOUSANDS = str.maketrans("", "", ", '’")


def one_line(text: str) -> str:
    """`text` without line breaks, double spaces and spaces at its ends."""
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def listed(text: str) -> tuple[str, ...]:
    """The items of a cell such as `VMR0006; VM0050`, in order, without repetition."""
    return tuple(dict.fromkeys(item for part in text.split(";") if (item := one_line(part))))


def whole_number(text: str) -> int | None:
    """`1,454,054`, `1 454 054`, `425` or `11191.0`; None for anything else, fractions included."""
    if text.isdigit() and text.isascii() and len(text) <= _DIGITS_MAX:
        return int(text)
    match = _WHOLE.fullmatch(one_line(text))
    return int(match[1].translate(_BETWEEN_THOUSANDS)) if match else None


@lru_cache(maxsize=4096)
def calendar_date(text: str, *, is_day_first: bool = True) -> date | None:
    """An ISO date, an ISO time stamp (its date), a slashed or dotted date, or one with the month
    in English; None for anything else.

    `is_day_first` decides only what the numbers leave open: 31/12/2020 and 12/31/2020 are clear.
    """
    stripped = text.strip()
    if match := _ISO_DATE.fullmatch(stripped) or _COMPACT_DATE.fullmatch(stripped):
        year, month, day = (int(group) for group in match.groups())
    elif match := _SLASHED_DATE.fullmatch(stripped):
        one, two, year = int(match[1]), int(match[2]), _year(match[3])
        day, month = (one, two) if one > 12 or (is_day_first and two <= 12) else (two, one)
    elif match := _DOTTED_DATE.fullmatch(stripped):
        day, month, year = int(match[1]), int(match[2]), _year(match[3])
    elif match := _WRITTEN_DATE.fullmatch(stripped):
        name = (match[2] or match[3])[:3].casefold()
        day, year = int(match[1] or match[4]), _year(match[5])
        month = _MONTHS.index(name) + 1 if name in _MONTHS else 0
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(digits: str) -> int:
    """Two digits are a year from 1990 to 2089: no credit is older."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (1900 if year >= 90 else 2000)


def day_comes_first(cells: Iterable[str]) -> bool:
    """Whether slashed dates among `cells` are written day first: so unless one proves otherwise."""
    for text in cells:
        match = _SLASHED_DATE.fullmatch(text.strip())
        if match and int(match[2]) > 12:
            return False
        if match and int(match[1]) > 12:
            return True
    return True


@lru_cache(maxsize=4096)
def goals(text: str) -> tuple[int, ...]:
    """The Sustainable Development Goals, in order, of a cell such as `4,13,6`, `09: Industry,
    Innovation and Infrastructure;13: Climate Action` or `2. Zero Hunger;6. Clean Water`.
    """
    numbers = {int(number) for number in _GOAL.findall(text)}
    return tuple(sorted(number for number in numbers if 1 <= number <= 17))


@lru_cache(maxsize=4096)
def goal_labels(numbers: tuple[int, ...]) -> tuple[str, ...]:
    """How a contribution to each goal is written among the labels of a block: `SDG 13`."""
    return tuple(f"SDG {number}" for number in numbers)


def place(latitude: object, longitude: object) -> tuple[Decimal | None, Decimal | None]:
    """Degrees to six places, a tenth of a metre; twice None unless both are a place on Earth."""
    try:
        north = Decimal(str(latitude)).quantize(_PLACES)
        east = Decimal(str(longitude)).quantize(_PLACES)
    except InvalidOperation:
        return None, None
    if not (north.is_finite() and east.is_finite() and abs(north) <= 90 and abs(east) <= 180):
        return None, None
    return north, east

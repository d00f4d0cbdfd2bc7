"""Serial numbers of Verified Carbon Units."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apps.registry.countries import CODES
from apps.registry.refusals import SerialRefused
from apps.registry.serials.verra import VerraSerial, parse

NEW = "9344-82291359-82391358-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1"
OLD = "7965-444293359-444552848-VCU-005-APX-BR-14-1686-01012016-31122016-1"

numbers = st.integers(1, 10**10 - 1)
days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@st.composite
def verra_serials(draw: st.DrawFn) -> VerraSerial:
    first, last = sorted((draw(numbers), draw(numbers)))
    start, end = sorted((draw(days), draw(days)))
    return VerraSerial(
        batch=draw(st.integers(0, 10**9 - 1)),
        first=first,
        last=last,
        is_old_form=draw(st.booleans()),
        vvb=draw(st.from_regex("[0-9]{3,4}", fullmatch=True)),
        agent=draw(st.sampled_from(["VER", "MER", "APX"])),
        country=draw(st.sampled_from(sorted(CODES))),
        scope=draw(st.integers(1, 16)),
        project_number=draw(st.integers(1, 10**9 - 1)),
        vintage_start=start,
        vintage_end=end,
        is_certified_further=draw(st.booleans()),
    )


def refusal(text: str) -> SerialRefused:
    with pytest.raises(SerialRefused) as caught:
        parse(text)
    assert str(caught.value), "every refusal has a sentence"
    return caught.value


@given(verra_serials())
def test_every_serial_survives_being_written_and_read(serial: VerraSerial) -> None:
    assert parse(str(serial)) == serial


def test_the_parts_of_a_serial_since_2020() -> None:
    serial = parse(NEW)
    assert (serial.batch, serial.first, serial.last) == (9344, 82291359, 82391358)
    assert serial.quantity == 100_000
    assert serial.project == "1686"
    assert serial.country == "BR"
    assert (serial.vintage_start, serial.vintage_end) == (date(2017, 1, 1), date(2017, 12, 31))
    assert serial.is_certified_further
    assert str(serial) == NEW


def test_the_parts_of_an_older_serial() -> None:
    serial = parse(OLD)
    assert (serial.agent, serial.vvb) == ("APX", "005"), "the verifier keeps its zeros"
    assert serial.quantity == 259_490
    assert str(serial) == OLD


def test_the_two_forms_count_separately_and_batches_do_not() -> None:
    assert parse(NEW).series != parse(OLD).series
    assert parse(NEW).series == parse(NEW.replace("9344", "9345")).series


def test_the_vintage_is_called_after_the_year_in_which_it_ends() -> None:
    assert parse(NEW.replace("01012017-31122017", "15122013-14122015")).vintage_year == 2015


@pytest.mark.parametrize(
    "text",
    [
        f"  {NEW}\n",
        NEW.lower(),
        NEW.replace("-", " - "),
        NEW.replace("-", "–"),
        NEW.replace("-", "\N{NON-BREAKING HYPHEN}"),
        NEW.replace("-VCU-", "-\nVCU-"),
        NEW.replace("-VCU-", "-\N{ZERO WIDTH SPACE}VCU-"),
        NEW.replace("1686", "１６８６"),
        NEW.replace("9344-82291359", "09344-0082291359"),
    ],
)
def test_the_spellings_of_spreadsheets_and_mail_programs_are_understood(text: str) -> None:
    assert str(parse(text)) == NEW


def test_a_serial_with_the_letter_o_for_a_zero_is_refused_and_says_so() -> None:
    # As printed on a real certificate of retirement.
    refused = refusal("15312-681393912-681394011-VCS-VCU-208-VER-CA-3-929-01012018-31122018-O")
    assert refused.code == "serial_letter_o"
    assert "letter O" in str(refused)
    assert refusal(NEW.replace("01012017", "O1012017")).code == "serial_letter_o"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "serial_empty"),
        ("  ", "serial_empty"),
        ("9344-82291359-82391358", "serial_length"),
        (NEW + "-1", "serial_length"),
        (NEW.removesuffix("-1"), "serial_length"),
        (NEW.replace("VCS-", ""), None),
        (NEW.replace("VCS-", "VCX-"), "serial_part"),
        (NEW.replace("VCU-", "VCS-"), "serial_part"),
        (NEW.replace("-262-", "-26-"), "serial_part"),
        (NEW.replace("VER", "XER"), "serial_part"),
        (NEW.removesuffix("1") + "2", "serial_part"),
        (NEW.replace("1686", "1l86"), "serial_part"),
        (NEW.replace("1686", "١٦٨٦"), "serial_part"),
        (NEW.replace("-BR-", "-QQ-"), "serial_country"),
        (NEW.replace("-BR-", "-B0-"), "serial_part"),
        (NEW.replace("82291359-82391358", "82391358-82291359"), "serial_range"),
        (NEW.replace("82291359-82391358", "0-82291359"), "serial_range"),
        (NEW.replace("31122017", "31022017"), "serial_vintage"),
        (NEW.replace("31122017", "12312017"), "serial_vintage"),
        (NEW.replace("01012017-31122017", "31122017-01012017"), "serial_vintage"),
    ],
)
def test_what_is_not_a_serial_is_refused_with_a_stable_code(text: str, code: str | None) -> None:
    if code is None:
        assert parse(text).series == "VCU"
    else:
        assert refusal(text).code == code


@given(st.text(max_size=120))
def test_any_text_is_a_serial_or_is_refused_never_an_error(text: str) -> None:
    with suppress(SerialRefused):
        serial = parse(text)
        assert parse(str(serial)) == serial


@given(verra_serials(), st.data())
def test_a_part_of_a_run_keeps_everything_but_its_numbers(
    serial: VerraSerial, data: st.DataObject
) -> None:
    first = data.draw(st.integers(serial.first, serial.last))
    last = data.draw(st.integers(first, serial.last))
    part = serial.part(first, last)
    assert (part.first, part.last) == (first, last)
    assert part.series == serial.series
    assert part.part(first, last) == part


@given(verra_serials(), numbers, numbers)
def test_a_part_cannot_reach_outside_its_run(serial: VerraSerial, first: int, last: int) -> None:
    assume(not serial.first <= first <= last <= serial.last)
    with pytest.raises(SerialRefused) as caught:
        serial.part(first, last)
    assert caught.value.code == "serial_range"

"""Serial numbers with forms of their own: CERs, Cercarbono, Puro; and Isometric, which has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.refusals import SerialRefused
from apps.registry.serials import GRAMMARS, Serial, parse
from apps.registry.serials.cercarbono import CercarbonoSerial, serial_of, whole
from apps.registry.serials.isometric import identifier

CER = "RW-5-1463953-2-2-0-7014 - RW-5-1467609-2-2-0-7014"
CERCARBONO = "CDC_4_1_1_321_14_R1_XX_CO_1_2_2018"
PURO = "40980b1a-5e3c-4f6d-9a87-2b1c0d3e4f5a_1000-1001"
SPELT = {
    CER: ("gold-standard", "CER-RW-5-2", "7014", "RW", None, 3_657),
    f"{CERCARBONO} 1 to 609": ("cercarbono", CERCARBONO, "4", "CO", 2018, 609),
    "CDC_1_1_1_321_14_1 1 to 62740": (
        *("cercarbono", "CDC_1_1_1_321_14_1", "1", None, None, 62_740),
    ),
    PURO: ("puro", PURO.split("_")[0], "", None, None, 2),
}


@pytest.mark.parametrize("text", SPELT)
def test_a_serial_tells_what_it_says(text: str) -> None:
    serial = parse(text)
    assert SPELT[text] == (
        *(serial.registry, serial.series, serial.project, serial.country),
        *(serial.vintage_year, serial.quantity),
    )
    assert str(serial) == text
    assert [g.registry for g in GRAMMARS if g.recognises(text)] == [serial.registry]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("rw–5–1463953–2–2–0–7014 – rw–5–1467609–2–2–0–7014", CER),
        ("RW-5-1463953-2-2-0-7014\n- RW-5-1467609-2-2-0-7014", CER),
        ("RW-5-7-2-2-0-7014", "RW-5-7-2-2-0-7014 - RW-5-7-2-2-0-7014"),
        (f"{CERCARBONO} from 1 to 609", f"{CERCARBONO} 1 to 609"),
        (f" {CERCARBONO.lower()}  1 – 609 ", f"{CERCARBONO} 1 to 609"),
        (f"{CERCARBONO} (1-609)", f"{CERCARBONO} 1 to 609"),
        (PURO.upper(), PURO),
    ],
)
def test_other_spellings_mean_the_same(text: str, meant: str) -> None:
    assert str(parse(text)) == meant


@pytest.mark.parametrize("ending", ["2018", "2018_BF", "BFC_2019", "1_2018_BF"])
def test_a_buffer_says_so_and_counts_for_itself(ending: str) -> None:
    serial = serial_of(f"CDC_5_1_1_321_14_R1_XX_CO_1_2_{ending}", 1, 10)
    assert serial.is_buffer == ("BF" in ending)
    assert serial.vintage_year in (2018, 2019)
    assert isinstance(serial, CercarbonoSerial)
    assert parse(str(serial)) == serial


@given(
    st.sampled_from([*SPELT]),
    st.integers(1, 2_000_000 - 1),
    st.integers(1, 2_000_000 - 1),
    st.data(),
)
def test_any_range_and_any_part_of_it_survive_being_written_and_read(
    text: str, one: int, two: int, data: st.DataObject
) -> None:
    first, last = sorted((one, two))
    model = parse(text)
    serial: Serial = type(model)(
        **{name: getattr(model, name) for name in model.__slots__}  # type: ignore[attr-defined]
        | {"first": first, "last": last}
    )
    assert parse(str(serial)) == serial
    middle = data.draw(st.integers(first, last))
    part = serial.part(first, middle)
    assert parse(str(part)) == part
    assert part.quantity + (last - middle) == serial.quantity


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("RW-5-1463953-2-2-0-7014 - RW-5-1467609-2-2-0-7015", "serial_ends"),
        ("RW-5-1463953-2-2-0-7014 - RW-5-1467609-2-2-0", "serial_length"),
        ("RW-1-1463953-2-2-0-7014 - RW-1-1467609-2-2-0-7014", "serial_part"),
        ("RW-5-2-2-2-0-7014 - RW-5-1-2-2-0-7014", "serial_range"),
        ("QQ-5-1-2-2-0-7014 - QQ-5-2-2-2-0-7014", "serial_country"),
        ("RW-5-1O-2-2-0-7014 - RW-5-11-2-2-0-7014", "serial_letter_o"),
        (CERCARBONO, "serial_without_range"),
        (f"{CERCARBONO} 10 to 9", "serial_range"),
        ("CDC_X_1_1 1 to 9", "serial_key"),
        ("40980b1a-5e3c-4f6d-9a87_1000-1001", "serial_key"),
        (PURO.replace("1001", "999"), "serial_range"),
        ("iss_1KP6EDZ8K1S036PY", "serial_none"),
    ],
)
def test_what_is_not_a_serial_is_refused_with_a_stable_code(text: str, code: str) -> None:
    with pytest.raises(SerialRefused) as caught:
        parse(text)
    assert caught.value.code == code
    assert str(caught.value)


def test_an_id_of_isometric_is_read_in_any_spelling_and_only_of_its_kind() -> None:
    assert identifier(" ISS_1kp6edz8k1s036py", "iss") == "iss_1KP6EDZ8K1S036PY"
    with pytest.raises(SerialRefused, match="not written"):
        identifier("prj_1JYCV03BW1S0RTE5", "iss")


def test_the_oldest_serials_of_cercarbono_count_from_0_and_all_others_from_1() -> None:
    oldest = whole("CDC_1_1_1_321_14_1", 62_740)
    assert (oldest.first, oldest.last, oldest.quantity) == (0, 62_739, 62_740)
    assert parse(str(oldest)) == oldest
    assert whole("CDC_1_1_1_321_14_1_2009", 4_971).first == 1
    assert whole("CDC_7_1_1_321_14_CO_1_1", 340_756).first == 1
    with pytest.raises(SerialRefused, match="start at 1"):
        serial_of("CDC_1_1_1_321_14_1_2009", 0, 9)

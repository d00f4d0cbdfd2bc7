"""Serial numbers that count from 1 in each issuance: ACR, CAR, ART, Gold Standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.refusals import SerialRefused
from apps.registry.serials import GRAMMARS, parse

REAL = {
    "ACR-FR-1129-2025-2917-30932 to 35143": ("acr", "1129", "FR", 2025, 4_212),
    "CAR-1-US-866-34-386-WA-2024-9108-996 to 1555": ("car", "866", "US", 2024, 560),
    "CAR-ROC-US-2056-129-2283-WV-2025-8969-1 to 260294": ("car", "2056", "US", 2025, 260_294),
    "ART-GY-102-2021-11-2759599 to 2760598": ("art", "102", "GY", 2021, 1_000),
    "FCPF-CI-130-2023-20-1 to 46404": ("art", "130", "CI", 2023, 46_404),
    "GS1-1-UG-GS11236-16-2024-30307-1-19149": ("gold-standard", "11236", "UG", 2024, 19_149),
}
VERRA = "9344-82291359-82391358-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1"


@pytest.mark.parametrize("text", REAL)
def test_a_real_serial_tells_registry_project_country_vintage_and_quantity(text: str) -> None:
    serial = parse(text)
    found = (serial.registry, serial.project, serial.country, serial.vintage_year, serial.quantity)
    assert found == REAL[text]
    assert str(serial) == text


@pytest.mark.parametrize("text", [*REAL, VERRA])
def test_every_registry_knows_its_own_serials_and_no_other_does(text: str) -> None:
    assert [g.registry for g in GRAMMARS if g.recognises(text)] == [parse(text).registry]


@given(st.sampled_from([*REAL]), st.integers(1, 20_000_000 - 1), st.integers(1, 20_000_000 - 1))
def test_any_numbers_survive_being_written_and_read(text: str, one: int, two: int) -> None:
    first, last = sorted((one, two))
    model = parse(text)
    joined = f"{model.series}-{first}{' to ' if ' to ' in text else '-'}{last}"
    serial = parse(joined)
    assert (serial.first, serial.last, serial.series) == (first, last, model.series)
    assert str(serial) == joined


def test_each_issuance_counts_for_itself() -> None:
    other = parse("ACR-FR-1129-2025-2918-30932 to 35143")
    assert other.series != parse("ACR-FR-1129-2025-2917-30932 to 35143").series


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "serial_empty"),
        ("hello", "serial_unknown"),
        ("ACR-FR-1129-2025-2917-30932", "serial_length"),
        ("ACR-QQ-1129-2025-2917-1 to 2", "serial_country"),
        ("ACR-FR-1129-2025-2917-2 to 1", "serial_range"),
        ("ACR-FR-1129-2025-2917-1 to 1O", "serial_letter_o"),
        ("GS1-1-UG-11236-16-2024-30307-1-19149", "serial_part"),
    ],
)
def test_what_is_not_a_serial_is_refused_with_a_stable_code(text: str, code: str) -> None:
    with pytest.raises(SerialRefused) as caught:
        parse(text)
    assert caught.value.code == code


def test_the_registry_that_is_asked_for_decides() -> None:
    with pytest.raises(SerialRefused):
        parse(VERRA, registry="acr")

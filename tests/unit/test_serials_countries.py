"""Countries as registries spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.countries import CODES, country_code, is_country_code

# As found in the exports of eight registries.
SPELLINGS = {
    "Viet Nam": "VN",
    "VIET NAM": "VN",
    "Turkey": "TR",
    "United States": "US",
    "United States of America": "US",
    "US": "US",
    "USA": "US",
    "COTE D'IVOIRE": "CI",
    "Congo": "CG",
    "COG": "CG",
    "Congo the Democratic Republic of the": "CD",
    "CONGO, THE DEMOCRATIC REPUBLIC OF THE": "CD",
    "Democratic Republic of the Congo": "CD",
    "Tanzania United Republic of": "TZ",
    "United Republic of Tanzania": "TZ",
    "Taiwan": "TW",
    "Timor-Leste": "TL",
    "Lao PDR": "LA",
    "Niger": "NE",
    "Nigeria": "NG",
    "Guinea": "GN",
    "Equatorial Guinea": "GQ",
    "Republic of Korea": "KR",
    "Korea, Democratic People's Republic of": "KP",
    "Burma": "MM",
    "Palestinian Territory, Occupied": "PS",
    "Kyrgyz Republic": "KG",
    "Slovak Republic": "SK",
    "UK": "GB",
    "Brasil": "BR",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_of_a_registry_is_understood(name: str) -> None:
    assert country_code(name) == SPELLINGS[name]


@pytest.mark.parametrize("name", ["", "-", "Atlantis", "International", "ZZ", "QQQ", "the of and"])
def test_what_is_not_a_country_is_not_guessed(name: str) -> None:
    assert country_code(name) is None


@given(st.text(max_size=40))
def test_any_text_gives_a_real_code_or_none(text: str) -> None:
    code = country_code(text)
    assert code is None or is_country_code(code)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_names_itself(code: str) -> None:
    assert country_code(code.lower()) == code

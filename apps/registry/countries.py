"""Countries as registries spell them, to ISO 3166-1 alpha-2.

A registry writes “Viet Nam”, “COTE D'IVOIRE”, “Tanzania United Republic of”, “COD” or “MX”.
Names are compared as sets of plain words, so that word order, accents, commas, brackets and
“the” do not matter; what still differs from ISO's own English name is in ALIASES.
"""

import re
import unicodedata
from functools import cache, lru_cache

from django.utils.translation import override
from django_countries.base import CountriesBase
from django_countries.data import ALT_CODES, COUNTRIES

# Spellings met in registry exports that neither ISO nor django-countries knows.
ALIASES = {
    "Brasil": "BR",
    "Burma": "MM",
    "Cape Verde": "CV",
    "Chinese Taipei": "TW",
    "Congo-Brazzaville": "CG",
    "Congo-Kinshasa": "CD",
    "Democratic Republic of Congo": "CD",
    "DR Congo": "CD",
    "DRC": "CD",
    "East Timor": "TL",
    "England": "GB",
    "España": "ES",
    "Great Britain": "GB",
    "Holland": "NL",
    "Ivory Coast": "CI",
    "Kosovo": "XK",
    "Kyrgyz Republic": "KG",
    "Lao PDR": "LA",
    "Libyan Arab Jamahiriya": "LY",
    "Macau": "MO",
    "Mainland China": "CN",
    "Palestinian Territory, Occupied": "PS",
    "People's Republic of China": "CN",
    "PR China": "CN",
    "Republic of the Congo": "CG",
    "Scotland": "GB",
    "Slovak Republic": "SK",
    "St. Lucia": "LC",
    "U.A.E.": "AE",
    "U.K.": "GB",
    "U.S.A.": "US",
    "UAE": "AE",
    "UK": "GB",
    "United States": "US",
    "Wales": "GB",
    "Zaire": "CD",
}
# Kosovo has no ISO code of its own; XK is the user-assigned one that registries use.
CODES = frozenset(COUNTRIES) | {"XK"}
_SILENT_WORDS = frozenset({"the", "of", "and"})


def is_country_code(text: str) -> bool:
    """Whether `text` is an ISO 3166-1 alpha-2 code in capitals."""
    return text in CODES


@lru_cache(maxsize=4096)
def country_code(name: str) -> str | None:
    """The alpha-2 code of a country given by name, alpha-2 or alpha-3 code; None if unknown."""
    text = name.strip()
    if len(text) == 2 and text.upper() in CODES:
        return text.upper()
    if len(text) == 3 and (code := _by_alpha3().get(text.upper())):
        return code
    return _by_words().get(_words(text))


def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return frozenset(re.findall(r"[a-z]+", plain)) - _SILENT_WORDS


@cache
def _by_words() -> dict[frozenset[str], str]:
    with override("en"):
        spellings = [(str(name), code) for code, name in COUNTRIES.items()]
        spellings += [(str(name), code) for code, name in CountriesBase.COMMON_NAMES.items()]
        spellings += [
            (str(name), code) for code, names in CountriesBase.OLD_NAMES.items() for name in names
        ]
    spellings += ALIASES.items()
    by_words = {_words(name): code for name, code in spellings}
    # No words at all (“-”, “···”) must find nothing.
    by_words.pop(frozenset(), None)
    return by_words


@cache
def _by_alpha3() -> dict[str, str]:
    return {alpha3: code for code, (alpha3, _number) in ALT_CODES.items() if alpha3}

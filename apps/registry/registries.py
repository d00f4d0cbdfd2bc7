"""The registries whose credits we know: our code, their name and pages.

Grammars, formats and the catalogue name a registry by its slug; the database, project codes and
people by its code.
"""

from typing import NamedTuple

from apps.registry.models import Registry


class RegistryFacts(NamedTuple):
    """`code` prefixes project codes; `project_url` has a place for the project's number."""

    code: str
    name: str
    url: str
    project_url: str


REGISTRIES = {
    "verra": RegistryFacts(
        "VCS",
        "Verra",
        "https://registry.verra.org",
        "https://registry.verra.org/app/projectDetail/VCS/{}",
    ),
    "gold-standard": RegistryFacts(
        "GS",
        "Gold Standard",
        "https://registry.goldstandard.org",
        "https://registry.goldstandard.org/projects?q={}",
    ),
    "acr": RegistryFacts(
        "ACR",
        "American Carbon Registry",
        "https://acrcarbon.org",
        "https://acr2.apx.com/mymodule/reg/prjView.asp?id1={}",
    ),
    "car": RegistryFacts(
        "CAR",
        "Climate Action Reserve",
        "https://www.climateactionreserve.org",
        "https://thereserve2.apx.com/mymodule/reg/prjView.asp?id1={}",
    ),
    "art": RegistryFacts(
        "ART",
        "Architecture for REDD+ Transactions",
        "https://www.artredd.org",
        "https://art.apx.com/mymodule/reg/prjView.asp?id1={}",
    ),
    "arb": RegistryFacts(
        "ARB",
        "California Air Resources Board",
        "https://ww2.arb.ca.gov",
        "https://ww2.arb.ca.gov/our-work/programs/compliance-offset-program/arb-offset-credit-issuance",
    ),
    "cercarbono": RegistryFacts(
        "CDC",
        "Cercarbono",
        "https://www.ecoregistry.io",
        "https://www.ecoregistry.io/projects/{}",
    ),
    "isometric": RegistryFacts(
        "ISO",
        "Isometric",
        "https://registry.isometric.com",
        "https://registry.isometric.com/project/{}",
    ),
    "puro": RegistryFacts(
        "PURO",
        "Puro.earth",
        "https://registry.puro.earth",
        "https://registry.puro.earth/projects/{}",
    ),
}
_SLUGS = {facts.code: slug for slug, facts in REGISTRIES.items()}


def registry_row(slug: str) -> Registry:
    """The database's row of the registry with this slug, made on first use."""
    facts = REGISTRIES[slug]
    defaults = {"name": facts.name, "url": facts.url}
    return Registry.objects.get_or_create(code=facts.code, defaults=defaults)[0]


def slug_of(code: str) -> str:
    """The slug of the registry with this code. Raises `KeyError`."""
    return _SLUGS[code]


def project_url(code: str, number: str) -> str:
    """The registry's own public page of one of its projects."""
    return REGISTRIES[slug_of(code)].project_url.format(number)

"""What registries call types and methodologies, in one taxonomy that staff keep."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from apps.registry.imports.landing_projects import land
from apps.registry.imports.rows import ProjectFacts, ProjectRow
from apps.registry.models import (
    Methodology,
    MethodologySpelling,
    Project,
    ProjectTaxonomy,
    ProjectTerm,
    ProjectType,
    TypeSpelling,
    UnmappedTerm,
)
from apps.registry.registries import REGISTRIES, registry_row
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.verra import REAL_EXPORTS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _taxonomy() -> None:
    taxonomy_load()


def project(number: str = "1", registry: str = "verra", **facts: object) -> Project:
    """A project as a list of projects brings it."""
    row = ProjectFacts(number, f"Project {number}", "KE", **facts)  # type: ignore[arg-type]
    with transaction.atomic():
        land([ProjectRow(1, registry, row)])
    return Project.objects.get(registry_project_id=number, registry=registry_row(registry))


def type_of(found: Project) -> str:
    return ProjectTaxonomy.objects.get(project=found).type.code


@pytest.mark.parametrize(
    ("registry", "facts", "expected"),
    [
        ("verra", {"project_type": "Transport"}, "transport"),
        ("verra", {"project_type": "Energy industries; Mining/mineral production"}, "renewable"),
        ("verra", {"methodologies": ("VMR0006; VM0050",)}, "cookstoves"),
        ("verra", {"methodologies": ("ACM0001 : Flaring or use of landfill gas",)}, "landfill-gas"),
        ("verra", {"methodologies": ("CDM – ACM0008 version8.0",)}, "mine-methane"),
        ("verra", {"methodologies": ("AMS III H",)}, "wastewater"),
        ("verra", {"afolu_activities": ("ARR",), "methodologies": ("VM0007",)}, "afforestation"),
        ("gold-standard", {"project_type": "A/R"}, "afforestation"),
        ("gold-standard", {"project_type": "Wind", "methodologies": ("ACM0002",)}, "wind"),
        ("art", {"project_type": "Forest Carbon"}, "jurisdictional-redd"),
        ("acr", {"project_type": "Forest Carbon"}, "forest"),
        ("car", {"project_type": "Nitric Acid N2O- Tertiary Catalyst"}, "nitric-acid"),
        ("car", {"methodologies": ("Adipic Acid - Version 9.9",)}, "adipic-acid"),
        ("isometric", {"project_type": "enhanced_weathering"}, "rock-weathering"),
        ("verra", {"project_type": "Perpetual motion"}, "other"),
        ("verra", {}, "other"),
        ("verra", {"kind": "Wind power", "methodologies": ("VM0007",)}, "wind"),
    ],
)
def test_what_a_registry_says_becomes_one_type(
    registry: str, facts: dict[str, object], expected: str
) -> None:
    assert type_of(project(registry=registry, **facts)) == expected


def test_a_general_type_gives_way_to_any_other() -> None:
    found = project(project_type="Energy industries", methodologies=("ACM0002", "ACM0001"))
    assert type_of(found) == "landfill-gas"
    assert ProjectTaxonomy.objects.get(project=found).basis == ProjectTerm.Kind.METHODOLOGY


def test_a_spelling_stands_for_whole_words_only() -> None:
    assert type_of(project(project_type="Windmills of the mind")) == "other"


def test_an_unknown_spelling_is_listed_until_staff_map_it() -> None:
    one = project("1", project_type="Perpetual motion; Transport")
    two = project("2", project_type="PERPETUAL Motion, mark 2")
    listed = UnmappedTerm.objects.order_by("text").values_list("text", "projects", "kind")
    assert list(listed) == [
        ("PERPETUAL Motion, mark 2", 1, "type"),
        ("Perpetual motion", 1, "type"),
    ]
    wind = ProjectType.objects.get(code="wind")
    spelling = TypeSpelling.objects.create(text="perpetual-motion", type=wind)
    assert (type_of(one), type_of(two)) == ("wind", "wind")
    assert not UnmappedTerm.objects.exists()
    spelling.delete()
    assert (type_of(one), type_of(two)) == ("transport", "other")


def test_an_edited_mapping_takes_effect_at_once() -> None:
    found = project(methodologies=("VM0042",))
    assert type_of(found) == "agriculture"
    rice = ProjectType.objects.get(code="rice")
    methodology = Methodology.objects.get(code="VM0042")
    methodology.type = rice
    methodology.save()
    assert type_of(found) == "rice"
    spelling = MethodologySpelling.objects.get(text="VM0042")
    spelling.methodology = Methodology.objects.get(code="VM0047")
    spelling.save()
    assert type_of(found) == "afforestation"
    [term] = ProjectTerm.objects.filter(project=found)
    assert (term.methodology, term.is_known) == (spelling.methodology, True)


def test_the_longest_spelling_counts_and_the_registrys_own_before_all() -> None:
    found = project(project_type="Wind farm at sea")
    hydro, solar = (ProjectType.objects.get(code=code) for code in ("hydropower", "solar"))
    TypeSpelling.objects.create(text="Wind farm", type=hydro)
    assert type_of(found) == "hydropower"
    TypeSpelling.objects.create(text="Wind farm", type=solar, registry=registry_row("acr"))
    assert type_of(found) == "hydropower", "another registry's spelling is not this one's"
    TypeSpelling.objects.create(text="wind FARM", type=solar, registry=registry_row("verra"))
    assert type_of(found) == "solar"


@pytest.mark.parametrize("again", ["Ozone depleting substances", "OZONE-Depleting Substances."])
def test_one_spelling_has_one_meaning(again: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TypeSpelling.objects.create(text=again, type=ProjectType.objects.get(code="wind"))


def test_loading_again_keeps_what_staff_changed() -> None:
    wind = ProjectType.objects.get(code="wind")
    TypeSpelling.objects.filter(text="Transport").update(type=wind)
    ProjectType.objects.filter(code="wind").update(name="Wind, ours")
    before = TypeSpelling.objects.count(), MethodologySpelling.objects.count()
    taxonomy_load()
    assert before == (TypeSpelling.objects.count(), MethodologySpelling.objects.count())
    assert type_of(project(project_type="Transport")) == "wind"
    assert ProjectType.objects.get(code="wind").name == "Wind, ours"


def test_without_any_mapping_projects_come_in_all_the_same() -> None:
    with connection.cursor() as cursor:
        # What the taxonomy was loaded with, if it was in this transaction, is checked before.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "TRUNCATE registry_typespelling, registry_methodologyspelling, registry_methodology,"
            " registry_projecttype, registry_typecategory CASCADE"
        )
    found = project(project_type="Transport")
    assert not ProjectTaxonomy.objects.filter(project=found).exists()


@pytest.mark.skipif(
    not REAL_EXPORTS.exists(), reason="the registries' own exports are not beside the project"
)
def test_every_spelling_of_the_registries_files_is_mapped() -> None:
    for path in sorted(REAL_EXPORTS.glob("*/*.csv")):
        call_command("import_registry", str(path), verbosity=0)
    assert {facts.code for facts in REGISTRIES.values()} - {"PURO"} == set(
        Project.objects.values_list("registry__code", flat=True)
    )
    assert list(UnmappedTerm.objects.values_list("text", flat=True)) == []
    assert ProjectTaxonomy.objects.count() == Project.objects.count()

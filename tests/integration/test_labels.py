"""Labels of credits: whose words they are, how far they reach, and what a class inherits."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.registry.imports.landing_entries import land
from apps.registry.imports.rows import EntryRow, ProjectFacts
from apps.registry.models import (
    CreditClass,
    Label,
    LabelSpelling,
    LabelWord,
    Project,
    RegistryEntry,
    SerialBlock,
    UnmappedLabel,
)
from apps.registry.picture import labels_of_block
from apps.registry.registries import registry_row
from apps.registry.services.credit_classes import credit_class_ensure
from apps.registry.services.splits import block_split
from apps.registry.services.taxonomy import taxonomy_load
from tests.support.factories import user_make
from tests.support.labels import blocks_of, class_of, grant, labels_of, vintage_of
from tests.support.registry import block_make, labels_work_out
from tests.support.verra import REAL_EXPORTS

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _labels() -> None:
    taxonomy_load()
    labels_work_out()


def issuance(number: int, *labels: str, year: int = 2023, project: str = "1987") -> None:
    """An issuance without serials, as ACR, CAR and ART list them."""
    row = EntryRow(
        line=1,
        registry="verra",
        kind=RegistryEntry.Kind.ISSUANCE,
        reference=f"issuance {number}",
        is_reference_own=True,
        serial=None,
        project=ProjectFacts(project, f"Wind project {project}", "AR"),
        on=date(2026, 1, 1),
        grams=5_000_000,
        year=year,
        labels=labels,
    )
    with transaction.atomic():
        assert land([row]).accepted == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("ICVCM CCP", "ccp"),
        ("CCP Approved", "ccp"),
        ("CORSIA - Pilot Phase, 2021-2023 Eligible", "corsia-pilot"),
        ("CORSIA – Pilot Phase, 2021–2023 Eligible", "corsia-pilot"),
        ("Eligible for CORSIA 2021-2023 Compliance Period", "corsia-pilot"),
        ("CORSIA - First Phase, 2024-2026 Scope", "corsia-first-scope"),
        ("CORSIA – First Phase, 2024-2026 Eligible", "corsia-first"),
        ("CORSIA Eligible", "corsia"),
        ("Article 6 Authorized – NDC Use", "article6-ndc"),
        ("Article 6 Authorized - Intl mitigation purposes", "article6-mitigation"),
        ("Article 6 Authorized – Other purposes", "article6-other"),
        ("Article 6 Correspondingly Adjusted", "adjustment-applied"),
        ("CCB-Biodiversity Gold", "ccb-biodiversity-gold"),
        ("CCB-No Distinction", "ccb"),
        ("Carbon Dioxide Removals", "removal"),
        ("GHG Emissions Reductions", "reduction"),
        ("SDG 13", "sdg-13"),
    ],
)
def test_a_registrys_words_become_one_label(words: str, code: str) -> None:
    assert labels_of(class_of((words,))) == {code: True}


def test_a_spelling_stands_for_the_whole_text_only() -> None:
    assert labels_of(class_of(("ICVCM CCP pending",))) == {}


def test_a_class_has_what_all_its_blocks_have_and_the_rest_partly() -> None:
    mixed = class_of(("ICVCM CCP", "Social Carbon"), ("ICVCM CCP",))
    assert labels_of(mixed) == {"ccp": True, "social-carbon": False}


def test_blocks_with_different_levels_share_the_broader_label() -> None:
    levels = class_of(("CCB-Climate Gold",), ("CCB-No Distinction",))
    assert labels_of(levels) == {"ccb": True, "ccb-climate-gold": False}


def test_only_blocks_in_custody_count() -> None:
    credit_class = class_of(("ICVCM CCP",))
    block_make(500)
    assert labels_of(credit_class) == {"ccp": True}


def test_a_class_without_anything_in_custody_has_no_labels() -> None:
    block = block_make()
    SerialBlock.objects.update(certifications=["ICVCM CCP"])
    credit_class = credit_class_ensure(project=block.vintage.project, year=2023)
    assert labels_of(credit_class) == {}


def test_staff_give_labels_to_a_project_a_vintage_or_a_block() -> None:
    credit_class = class_of((), ())
    other = class_of((), project="1988")
    grant("ccp", project=credit_class.project)
    grant("article6-ndc", vintage=vintage_of(credit_class))
    grant("social-carbon", block=blocks_of(credit_class)[0])
    assert labels_of(credit_class) == {
        "ccp": True,
        "article6-ndc": True,
        "social-carbon": False,
    }
    assert labels_of(other) == {}
    said = [item.label.code for item in labels_of_block(blocks_of(credit_class)[1])]
    assert said == ["ccp", "article6-ndc"]


def test_the_pieces_of_a_block_keep_what_staff_gave_it() -> None:
    credit_class = class_of(())
    [block] = blocks_of(credit_class)
    given = grant("ccp", block=block)
    boss = user_make(is_staff=True, is_superuser=True)
    block_split(block=block, last_serial=block.start + 3, reason="Transfer 7", by=boss)
    given.note = "seen again"
    given.save()
    lower, upper = blocks_of(credit_class)
    assert labels_of(credit_class) == {"ccp": True}
    grant("w-plus", block=upper)
    assert labels_of(credit_class) == {"ccp": True, "w-plus": False}
    assert [item.label.code for item in labels_of_block(lower)] == ["ccp"]


@pytest.mark.parametrize(
    ("on", "until", "holds"),
    [
        (TODAY, None, True),
        (TODAY, TODAY, True),
        (TODAY + DAY, None, False),
        (TODAY - 2 * DAY, TODAY - DAY, False),
    ],
)
def test_a_label_from_staff_holds_between_its_dates(
    on: date, until: date | None, holds: bool
) -> None:
    credit_class = class_of(())
    grant("ccp", on=on, until=until, project=credit_class.project)
    assert labels_of(credit_class) == ({"ccp": True} if holds else {})


def test_a_label_has_one_scope_and_ends_after_it_starts() -> None:
    credit_class = class_of(())
    with pytest.raises(IntegrityError, match="one_scope"), transaction.atomic():
        grant("ccp", project=credit_class.project, vintage=vintage_of(credit_class))
    with pytest.raises(IntegrityError, match="one_scope"), transaction.atomic():
        grant("ccp")
    with pytest.raises(IntegrityError, match="ends_after"), transaction.atomic():
        grant("ccp", until=TODAY - DAY, project=credit_class.project)


def test_issuances_without_serials_label_their_year_where_they_agree() -> None:
    credit_class = class_of(())
    issuance(1, "CCP Approved", "ARB Eligible")
    issuance(2, "CCP Approved")
    issuance(3, "Verified Removal", year=2022)
    assert labels_of(credit_class) == {"ccp": True, "arb": False}


def test_the_goals_of_a_project_are_those_of_its_credits() -> None:
    credit_class = class_of(("SDG 7",))
    Project.objects.filter(pk=credit_class.project_id).update(sdgs=[7, 13])
    assert labels_of(credit_class) == {"sdg-7": True, "sdg-13": True}


def test_what_no_spelling_stands_for_is_listed_until_staff_map_it() -> None:
    credit_class = class_of(("Blue Heart",))
    issuance(1, "Green Heart")
    assert set(UnmappedLabel.objects.values_list("text", flat=True)) == {
        "Blue Heart",
        "Green Heart",
    }
    label = Label.objects.get(code="social-carbon")
    LabelSpelling.objects.create(text="BLUE-heart", label=label)
    assert labels_of(credit_class) == {"social-carbon": True}
    assert [row.text for row in UnmappedLabel.objects.all()] == ["Green Heart"]


def test_a_registrys_own_spelling_comes_before_everybodys() -> None:
    credit_class = class_of(("ICVCM CCP",))
    label = Label.objects.get(code="w-plus")
    LabelSpelling.objects.create(text="icvcm ccp", label=label, registry=registry_row("acr"))
    assert labels_of(credit_class) == {"ccp": True}
    LabelSpelling.objects.create(text="icvcm ccp", label=label, registry=registry_row("verra"))
    assert labels_of(credit_class) == {"w-plus": True}


def test_words_are_noticed_when_a_newer_export_adds_them() -> None:
    block = block_make()
    assert not LabelWord.objects.exists()
    SerialBlock.objects.filter(pk=block.pk).update(certifications=["New word"])
    issuance(1)
    RegistryEntry.objects.update(labels=["Newer word"])
    assert sorted(LabelWord.objects.values_list("text", flat=True)) == ["New word", "Newer word"]


def test_a_label_is_not_broader_than_itself_through_others_either() -> None:
    with pytest.raises(IntegrityError, match="broader than itself"), transaction.atomic():
        Label.objects.filter(code="ccb").update(
            broader=Label.objects.get(code="ccb-biodiversity-gold")
        )


def test_loading_again_keeps_what_staff_changed_of_labels() -> None:
    Label.objects.filter(code="ccp").update(name="Ours")
    before = Label.objects.count(), LabelSpelling.objects.count()
    taxonomy_load()
    assert before == (Label.objects.count(), LabelSpelling.objects.count())
    assert Label.objects.get(code="ccp").name == "Ours"


WORDS = {
    "ICVCM CCP": {"ccp"},
    "CCB-Climate Gold": {"ccb-climate-gold", "ccb-gold", "ccb"},
    "CCB-Gold": {"ccb-gold", "ccb"},
    "CCB-No Distinction": {"ccb"},
    "Nobody's word": set(),
}


@given(
    said=st.lists(st.sets(st.sampled_from(sorted(WORDS))), min_size=1, max_size=4),
    granted=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["ccp", "ccb-gold"]))),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_class_has_exactly_the_labels_that_all_its_blocks_have(
    said: list[set[str]], granted: list[tuple[int, str]]
) -> None:
    with transaction.atomic():
        credit_class = class_of(*(tuple(sorted(words)) for words in said))
        blocks = blocks_of(credit_class)
        had = [set().union(*(WORDS[word] for word in words)) for words in said]
        for place, code in granted:
            if place < len(blocks):
                grant(code, block=blocks[place])
                had[place] |= {"ccp"} if code == "ccp" else {"ccb-gold", "ccb"}
        found = CreditClass.objects.get(pk=credit_class.pk).labels.values_list(
            "label__code", "is_whole"
        )
        assert dict(found) == {
            code: all(code in labels for labels in had) for code in set().union(*had)
        }
        transaction.set_rollback(True)


@pytest.mark.skipif(
    not REAL_EXPORTS.exists(), reason="the registries' own exports are not beside the project"
)
def test_every_label_of_the_registries_files_is_mapped() -> None:
    for path in sorted(REAL_EXPORTS.glob("*/*.csv")):
        call_command("import_registry", str(path), verbosity=0)
    assert LabelWord.objects.count() > 40
    assert list(UnmappedLabel.objects.values_list("text", flat=True)) == []

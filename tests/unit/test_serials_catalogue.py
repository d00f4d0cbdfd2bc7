"""The project's own file of real projects."""

from collections import defaultdict
from itertools import pairwise

from apps.registry.catalogue import catalogue_rows


def test_it_has_25_projects_of_several_registries_kinds_and_countries() -> None:
    projects = {(row.serial.registry, row.project.number): row.project for row in catalogue_rows()}
    assert len(projects) == 25
    assert len({registry for registry, _number in projects}) == 5
    assert len({project.kind for project in projects.values()}) >= 10
    assert len({project.country for project in projects.values()}) >= 12


def test_every_project_is_described_in_a_few_words() -> None:
    assert all(20 < len(row.project.description) < 250 for row in catalogue_rows())


def test_every_serial_belongs_to_its_project() -> None:
    for row in catalogue_rows():
        assert row.serial.project == row.project.number


def test_no_serial_number_is_there_twice() -> None:
    runs = sorted(
        (row.serial.registry, row.serial.series, row.serial.first, row.serial.last)
        for row in catalogue_rows()
    )
    for one, other in pairwise(runs):
        assert one[:2] != other[:2] or one[3] < other[2], f"{one} overlaps {other}"


def test_no_vintage_holds_more_than_the_registry_issued() -> None:
    sums: defaultdict[object, int] = defaultdict(int)
    for row in catalogue_rows():
        sums[row.serial.registry, row.project.number, row.vintage] += row.serial.quantity
        if row.vintage.issued_tonnes is not None:
            total = sums[row.serial.registry, row.project.number, row.vintage]
            assert total <= row.vintage.issued_tonnes


def test_the_credits_of_the_example_market_are_there_and_not_retired() -> None:
    held = [
        row
        for row in catalogue_rows()
        if (row.serial.registry, row.project.number, row.vintage.year) == ("verra", "1686", 2017)
    ]
    assert sum(row.serial.quantity for row in held) == 100_161
    assert all(row.ending is None for row in held)

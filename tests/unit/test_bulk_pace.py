"""What of a bulk order is due by when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.orderbook.models import BulkExecution
from apps.orderbook.services.bulk_pace import OVER_S_MAX, OVER_S_MIN, pace_of, parts_of

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def started(over_s: int) -> BulkExecution:
    return BulkExecution(over_s=over_s, started_at=BEGAN)


def test_at_once_is_one_part_in_which_all_is_due() -> None:
    pace = pace_of(started(0), BEGAN + HOUR)
    assert (pace.part, pace.parts, pace.since) == (1, 1, BEGAN)
    assert pace.due(1_234_567, 1_000) == 1_234_567


def test_an_hour_has_four_parts_and_the_last_begins_a_quarter_before_its_end() -> None:
    execution, quarter = started(3_600), HOUR / 4
    for minutes, part in ((0, 1), (14, 1), (15, 2), (44, 3), (45, 4), (60, 4), (6_000, 4)):
        pace = pace_of(execution, BEGAN + timedelta(minutes=minutes))
        assert (pace.part, pace.since) == (part, BEGAN + (part - 1) * quarter)
    assert pace_of(execution, BEGAN - HOUR).part == 1


@given(
    over_s=st.integers(OVER_S_MIN, OVER_S_MAX),
    size=st.integers(1, 10**12),
    increment=st.sampled_from([1, 1_000, 1_000_000]),
)
def test_what_is_due_grows_to_all_of_it_in_whole_lots(
    over_s: int, size: int, increment: int
) -> None:
    execution, parts = started(over_s), parts_of(over_s)
    length = timedelta(seconds=over_s) / parts
    dues = [
        pace_of(execution, BEGAN + part * length + length / 2).due(size, increment)
        for part in range(parts)
    ]
    assert dues == sorted(dues)
    assert dues[-1] == size
    assert all(due % increment == 0 for due in dues[:-1])
    assert dues[0] <= size // parts

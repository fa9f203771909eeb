"""How fast a site has shown to be, and what is asked of it because of that."""

import pytest

from gateway.fetch.nomad.pace import (
    FIRST_AT_ONCE,
    FIRST_PORTION,
    LARGEST_PORTION,
    MOST_AT_ONCE,
    PORTION_S,
    SLOW_PAGE_S,
    SitePace,
)


def pace_of(archive_s: float, *, round_trip_s: float = 0.02) -> SitePace:
    """Of a site that is known."""
    pace = SitePace()
    pace.keys_came(round_trip_s)
    pace.archives_came(10, round_trip_s / 2 + 10 * archive_s, at_once=1)
    return pace


def test_a_site_that_nobody_knows() -> None:
    """It is taken for a slow one."""
    pace = SitePace()
    assert (pace.portion, pace.at_once) == (FIRST_PORTION, FIRST_AT_ONCE)
    assert pace.is_slow(1)
    assert pace.round_trip_s is pace.archive_s is None


@pytest.mark.parametrize(
    ("archive_s", "portion"),
    [
        (0.0001, LARGEST_PORTION),
        (0.005, 160),
        (0.07, 11),
        (0.7, 1),
        (9.0, 1),
        (0.0, LARGEST_PORTION),
    ],
)
def test_portions_take_a_bounded_time(archive_s: float, portion: int) -> None:
    """From an Oasis at the next desk to public NOMAD."""
    assert pace_of(archive_s).portion == pytest.approx(portion, abs=1)


@pytest.mark.parametrize(
    ("archive_s", "archives", "is_slow"), [(0.002, 20, False), (0.07, 20, True), (0.002, 500, True)]
)
def test_what_is_slow(archive_s: float, archives: int, is_slow: bool) -> None:
    """Archives that take longer than the bound together."""
    assert pace_of(archive_s).is_slow(archives) is is_slow
    assert SLOW_PAGE_S > 0.002 * 20


def test_a_faster_measurement_counts_for_more() -> None:
    """Times that grow are mostly waits in a busy gateway."""
    pace = pace_of(0.01)
    pace.archives_came(10, 1.01, at_once=4)
    assert pace.archive_s is not None
    assert pace.archive_s < 0.02
    pace = pace_of(0.1)
    pace.archives_came(10, 0.11, at_once=4)
    assert pace.archive_s is not None
    assert pace.archive_s < 0.06


def test_late_archives_are_slow_at_once() -> None:
    """A site that has become slow is believed, as far as was waited."""
    pace = pace_of(0.002)
    pace.archives_late(20, 2.0)
    assert pace.archive_s == pytest.approx(0.1)
    assert pace.portion == 8
    pace.archives_late(20, 0.2)
    assert pace.archive_s == pytest.approx(0.1)
    fresh = SitePace()
    fresh.archives_late(4, 2.0)
    assert fresh.portion == 1


def test_a_serial_site_is_asked_one_at_a_time() -> None:
    """Where several at once make each so much longer."""
    pace = pace_of(0.02)
    for at_once in (4, 3, 2, 2, 2):
        pace.archives_came(5, 0.01 + 5 * 0.02 * at_once, at_once=at_once)
    assert pace.at_once == 1


def test_a_site_with_many_workers_is_asked_for_more() -> None:
    """Up to a bound below its slots."""
    pace = pace_of(0.02)
    for _ in range(20):
        pace.archives_came(5, 0.01 + 5 * 0.02, at_once=pace.at_once)
    assert pace.at_once == MOST_AT_ONCE


def test_a_busy_hour_is_not_for_ever() -> None:
    """A site that was asked one at a time because it was busy is asked for more when it is not."""
    pace = pace_of(0.02)
    for _ in range(5):
        pace.archives_came(5, 1.0, at_once=max(2, pace.at_once))
    assert pace.at_once == 1
    for _ in range(40):
        pace.archives_came(5, 0.01 + 5 * 0.02, at_once=pace.at_once)
    assert pace.at_once == MOST_AT_ONCE


def test_a_serial_site_is_seldom_asked_for_two() -> None:
    """It is tried again from time to time, and no more than that."""
    pace = pace_of(0.02)
    more = 0
    for _ in range(100):
        more += pace.at_once > 1
        pace.archives_came(5, 0.01 + 5 * 0.02 * pace.at_once, at_once=pace.at_once)
    assert more <= FIRST_AT_ONCE + 100 // 8


def test_measurements_that_cannot_be_are_harmless() -> None:
    """Zero and less: a clock is no proof."""
    pace = SitePace()
    for spent_s in (0.0, -1.0):
        pace.keys_came(spent_s)
        pace.archives_came(1, spent_s, at_once=1)
    assert pace.archive_s is not None
    assert pace.archive_s >= 0
    assert 1 <= pace.portion <= LARGEST_PORTION


def test_the_constants_fit_each_other() -> None:
    """A first portion at the slowest known pace comes in a caller's time; slots are left."""
    assert FIRST_PORTION * 0.7 < 0.7 * 4.0 + PORTION_S
    assert MOST_AT_ONCE < 10

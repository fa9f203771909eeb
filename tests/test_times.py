"""Moments as RFC 3339, as a site writes them, and as milliseconds."""

import math
from decimal import Decimal

import pytest

from gateway.times import FIRST_MS, LAST_MS, read_nomad_time, read_rfc3339, write_rfc3339

MOMENTS = [
    ("2021-03-01T00:00:00+00:00", "2021-03-01T00:00:00.000Z"),
    ("2021-03-01T00:00:00.123456+00:00", "2021-03-01T00:00:00.123Z"),
    ("2021-03-01T00:00:00.999999+00:00", "2021-03-01T00:00:00.999Z"),
    ("2021-03-01T00:00:00.1234567899Z", "2021-03-01T00:00:00.123Z"),
    ("2021-03-01T00:00:00Z", "2021-03-01T00:00:00.000Z"),
    ("2021-03-01T01:30:00.5+02:00", "2021-02-28T23:30:00.500Z"),
    ("2021-02-28T23:30:00-05:30", "2021-03-01T05:00:00.000Z"),
    ("2021-03-01T00:00:00", "2021-03-01T00:00:00.000Z"),
    ("2021-03-01 00:00:00", "2021-03-01T00:00:00.000Z"),
    ("2021-03-01", "2021-03-01T00:00:00.000Z"),
    ("0800-12-25T00:00:00Z", "0800-12-25T00:00:00.000Z"),
    (1614556800123, "2021-03-01T00:00:00.123Z"),
    (1614556800123.9, "2021-03-01T00:00:00.123Z"),
    (0, "1970-01-01T00:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"),
]


@pytest.mark.parametrize(("written", "served"), MOMENTS)
def test_moments(written: object, served: str) -> None:
    """Any ISO 8601 text and milliseconds since 1970 become RFC 3339 in UTC, cut to milliseconds."""
    assert read_nomad_time(written) == served


NO_MOMENTS = [
    "",
    "yesterday",
    "2021-13-01T00:00:00Z",
    "2021-03-01T00:00:60Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "1614556800123",
    10**400,
    10**17,
    math.nan,
    math.inf,
    True,
    None,
    [2021, 3, 1],
    {"$date": 0},
]


@pytest.mark.parametrize("written", NO_MOMENTS)
def test_no_moments(written: object) -> None:
    """What is no moment, or none that RFC 3339 can write, is unknown."""
    assert read_nomad_time(written) is None


READ = [
    ("1970-01-01T00:00:00Z", "0"),
    ("1970-01-01t00:00:00z", "0"),
    ("1969-12-31T23:59:59.999Z", "-1"),
    ("1970-01-01T00:00:00.0005Z", "0.5"),
    ("2021-06-02T02:00:00+02:00", "1622592000000"),
    ("2021-06-01T18:30:00-05:30", "1622592000000"),
    ("2021-06-02T00:00:00-00:00", "1622592000000"),
    ("2021-06-01T23:59:60Z", "1622592000000"),
    ("2021-06-01T23:59:60.25Z", "1622592000250"),
    ("2020-02-29T00:00:00Z", "1582934400000"),
    ("2000-02-29T00:00:00Z", "951782400000"),
    ("0000-01-01T00:00:00Z", "-62167219200000"),
    ("0000-02-29T00:00:00Z", "-62162121600000"),
    ("0001-01-01T00:00:00Z", str(FIRST_MS)),
    ("9999-12-31T23:59:59.999Z", str(LAST_MS)),
    ("9999-12-31T23:59:59Z", "253402300799000"),
    ("9999-12-31T00:00:00-23:59", "253402300740000"),
]


@pytest.mark.parametrize(("text", "milliseconds"), READ)
def test_timestamps_are_read_exactly(text: str, milliseconds: str) -> None:
    """Offsets, fractions, lower-case t and z, second 60 and year 0 are in RFC 3339."""
    assert read_rfc3339(text) == Decimal(milliseconds)


@pytest.mark.parametrize("zeros", [1, 12, 20, 40])
def test_no_digit_of_a_fraction_is_lost(zeros: int) -> None:
    """A moment a little behind a millisecond is not that millisecond, however little."""
    later = read_rfc3339(f"2021-06-02T00:00:00.000{'0' * zeros}1Z")
    earlier = read_rfc3339(f"2021-06-01T23:59:59.999{'9' * zeros}Z")
    assert earlier is not None
    assert later is not None
    assert earlier < Decimal(1622592000000) < later


WRITTEN = [
    (0, "1970-01-01T00:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"),
    (1622592000001, "2021-06-02T00:00:00.001Z"),
    (FIRST_MS, "0001-01-01T00:00:00.000Z"),
    (LAST_MS, "9999-12-31T23:59:59.999Z"),
]


@pytest.mark.parametrize(("milliseconds", "text"), WRITTEN)
def test_timestamps_are_written_to_the_millisecond(milliseconds: int, text: str) -> None:
    """NOMAD takes a date without fraction for a whole second, so there always is one."""
    assert write_rfc3339(milliseconds) == text
    assert read_rfc3339(text) == milliseconds

"""How a site writes a moment, and how it is served."""

import math

import pytest

from gateway.shape.times import read_time

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
    assert read_time(written) == served


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
    assert read_time(written) is None

"""RFC 3339 timestamps and the milliseconds of the index."""

from decimal import Decimal

import pytest

from gateway.errors import FilterValueError
from gateway.plan.timestamps import FIRST_MS, LAST_MS, read_timestamp, write_timestamp

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
    assert read_timestamp(text) == Decimal(milliseconds)


@pytest.mark.parametrize("zeros", [1, 12, 20, 40])
def test_no_digit_of_a_fraction_is_lost(zeros: int) -> None:
    """A moment a little behind a millisecond is not that millisecond, however little."""
    later = read_timestamp(f"2021-06-02T00:00:00.000{'0' * zeros}1Z")
    earlier = read_timestamp(f"2021-06-01T23:59:59.999{'9' * zeros}Z")
    assert earlier < Decimal(1622592000000) < later


REFUSED = [
    "",
    "2021-06-02",
    "2021-06-02T00:00Z",
    "2021-06-02T00:00:00",
    "2021-06-02 00:00:00Z",
    "2021-06-02T00:00:00+0200",
    "2021-06-02T00:00:00+02",
    "2021-06-02T00:00:00.Z",
    "2021-06-02T24:00:00Z",
    "2021-06-02T00:60:00Z",
    "2021-06-02T00:00:61Z",
    "2021-13-02T00:00:00Z",
    "2021-00-02T00:00:00Z",
    "2021-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2021-06-31T00:00:00Z",
    "2021-06-02T00:00:00+24:00",
    "2021-06-02T00:00:00+02:60",
    "12021-06-02T00:00:00Z",
    "-2021-06-02T00:00:00Z",
    "2021-06-02T00:00:00Z ",
    "２021-06-02T00:00:00Z",
    "now",
    "now-1d",
    "1622592000000",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_rfc_3339_is_an_error_of_the_value(text: str) -> None:
    """Date alone, no offset, date arithmetic and days that do not exist are 400."""
    with pytest.raises(FilterValueError) as caught:
        read_timestamp(text, column=17)
    assert caught.value.column == 17
    assert repr(text) in str(caught.value)


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
    assert write_timestamp(milliseconds) == text
    assert read_timestamp(text) == milliseconds

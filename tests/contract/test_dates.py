"""Dates: which forms are understood, and what a date means that leaves its end out."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.contract.asking import EPOCH, Json, Known, millis

NAME = "last_processing_time"


def moment(known: Known) -> int:
    """A millisecond within a second at which an entry was processed."""
    found = known.first(lambda d: millis(d[NAME]) % 1000 > 1, "processing within a second")
    return millis(found[NAME])


def counted(known: Known, condition: object) -> set[str]:
    """The known entries with this condition on the date."""
    return known.ids({NAME: condition})


def compared(known: Known, low: int, high: int) -> set[str]:
    """The known entries of these milliseconds."""
    return known.expected(lambda d: low <= millis(d[NAME]) <= high)


def text(at: int, *, hours: int = 0, zone: str = "Z", digits: int = 3) -> str:
    """A timestamp, `hours` ahead of UTC."""
    written = (EPOCH + timedelta(milliseconds=at, hours=hours)).isoformat(timespec="milliseconds")
    return written[: 19 + (digits and digits + 1)] + zone


SAME: dict[str, Callable[[int], str | int]] = {
    "milliseconds, Z": lambda at: text(at),
    "milliseconds, +00:00": lambda at: text(at, zone="+00:00"),
    "milliseconds, no zone": lambda at: text(at, zone=""),
    "another zone": lambda at: text(at, hours=2, zone="+02:00"),
    "another zone without colon": lambda at: text(at, hours=2, zone="+0200"),
    "the farthest zone": lambda at: text(at, hours=18, zone="+18:00"),
    "a zone in the west": lambda at: text(at, hours=-3, zone="-03:00"),
    "nine digits, cut off": lambda at: text(at, zone="") + "999999Z",
    "epoch milliseconds": lambda at: at,
    "epoch milliseconds as text": str,
}


@pytest.mark.parametrize("row", SAME)
def test_date_means_a_millisecond(known: Known, row: str) -> None:
    """With milliseconds or more, all comparisons are exact on the millisecond."""
    at = moment(known)
    date = SAME[row](at)
    assert counted(known, date) == compared(known, at, at)
    assert counted(known, {"gte": date}) == compared(known, at, 2**62)
    assert counted(known, {"gt": date}) == compared(known, at + 1, 2**62)
    assert counted(known, {"lte": date}) == compared(known, 0, at)
    assert counted(known, {"lt": date}) == compared(known, 0, at - 1)


def test_fraction_of_one_digit_is_a_millisecond(known: Known) -> None:
    """`.5` is the five hundredth millisecond, not a tenth of a second."""
    at = moment(known) // 1000 * 1000 + 500
    date = text(at, digits=1)
    assert counted(known, {"gt": date}) == compared(known, at + 1, 2**62)


SECOND, DAY = 1000, 86_400_000
COARSE: dict[str, tuple[Callable[[int], str], int]] = {
    "second": (lambda at: text(at, digits=0), SECOND),
    "minute": (lambda at: text(at)[:16], 60 * SECOND),
    "day": (lambda at: text(at)[:10], DAY),
}


@pytest.mark.parametrize("row", COARSE)
def test_date_without_its_end_means_all_of_it(known: Known, row: str) -> None:
    """A second without fraction: `gt` and `lte` take its end, `gte` and `lt` its start."""
    write, size = COARSE[row]
    at = moment(known)
    date, low = write(at), at // size * size
    assert counted(known, date) == compared(known, low, low + size - 1) != set()
    assert counted(known, {"gte": date}) == compared(known, low, 2**62)
    assert counted(known, {"gt": date}) == compared(known, low + size, 2**62)
    assert counted(known, {"lte": date}) == compared(known, 0, low + size - 1)
    assert counted(known, {"lt": date}) == compared(known, 0, low - 1)


def test_month_ends_with_its_first_day(known: Known) -> None:
    """A month or a year is filled up with its first day, whose end is taken."""
    at = moment(known)
    month = text(at)[:7]
    low = millis(f"{month}-01T00:00:00+00:00")
    assert counted(known, {"gte": month}) == compared(known, low, 2**62)
    assert counted(known, {"gt": month}) == compared(known, low + DAY, 2**62)


def test_leaf_follows_the_same_rules(known: Known) -> None:
    """In an `optimade_filter` a second without fraction ends with its last millisecond, too."""
    name = "upload_create_time"
    at = millis(known.common(name))
    coarse = {"optimade_filter": f'last_modified > "{text(at, digits=0)}"'}
    exact = {"optimade_filter": f'last_modified > "{text(at // 1000 * 1000)}"'}
    second = at // 1000 * 1000
    assert known.ids(coarse) == known.expected(lambda d: millis(d[name]) >= second + 1000)
    assert known.ids(exact) == known.expected(lambda d: millis(d[name]) > second)


REFUSED: dict[str, object] = {
    "lower-case t and z": "2022-01-24t19:00:22.423z",
    "blank for T": "2022-01-24 19:00:22.423Z",
    "second 60": "2022-01-24T19:00:60Z",
    "hour 24": "2022-01-24T24:00:00Z",
    "month 13": "2022-13-01T00:00:00Z",
    "30 February": "2022-02-30T00:00:00Z",
    "year 10000": "10000-01-01T00:00:00Z",
    "ten digits": "2022-01-24T19:00:22.4239999999Z",
    "zone beyond 18 hours": "2022-01-24T19:00:22.000+18:01",
    "zone of 23 hours": "2022-01-24T19:00:22.000-23:59",
    "a word": "yesterday",
    "empty": "",
    "a boolean": True,
    "a large float": 1643050822423.5,
    "a negative number": -5,
}


@pytest.mark.parametrize("row", REFUSED)
def test_date_is_refused(known: Known, row: str) -> None:
    """Dates that Elasticsearch cannot read are 400."""
    query: Json = {NAME: REFUSED[row]}
    assert known.oasis.find(query).status == 400


FAR = {
    "year 0": ("0000-01-01T00:00:00.000Z", True),
    "year 9999": ("9999-12-31T23:59:59.999Z", False),
}


@pytest.mark.parametrize("row", FAR)
def test_date_far_away(known: Known, row: str) -> None:
    """The years 0 to 9999 are understood."""
    date, after = FAR[row]
    assert bool(counted(known, {"gt": date})) is after

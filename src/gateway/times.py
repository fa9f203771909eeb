"""Moments as RFC 3339, as NOMAD writes them, and as milliseconds since 1970 in UTC, which is what
NOMAD's index compares."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from gateway.model import Json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FIRST_MS = -62_135_596_800_000
LAST_MS = 253_402_300_799_999
"""0001-01-01 and the end of 9999: what Python, and so NOMAD, can hold."""

_LONGEST = 64
"""Characters of a date and time that are read; the longest that NOMAD writes has 32."""

_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# The calendar repeats every 400 years; Python's begins in year 1, RFC 3339's in year 0.
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097


def read_rfc3339(text: str) -> Decimal | None:
    """Milliseconds since 1970 in UTC, exact; None: it is no moment of RFC 3339 (section 5.6)."""
    found = _RFC_3339.fullmatch(text)
    seconds = None if found is None else _seconds(found)
    if found is None or seconds is None:
        return None
    return seconds * 1000 + _milliseconds(found[7] or ".0")


def write_rfc3339(milliseconds: int) -> str:
    """RFC 3339 in UTC with three decimals, from FIRST_MS to LAST_MS."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_nomad_time(value: Json) -> str | None:
    """`2021-03-01T00:00:00.123Z` from ISO 8601 text or milliseconds since 1970, else None.

    Text without an offset is UTC, as everywhere in NOMAD; finer fractions are cut, not rounded.
    """
    return _text_of(value)[0] if isinstance(value, str) else _written(_moment(value))


def read_nomad_milliseconds(value: Json) -> int | None:
    """The same as milliseconds since 1970."""
    return _text_of(value)[1] if isinstance(value, str) else _counted(_moment(value))


def _text_of(text: str) -> tuple[str | None, int | None]:
    return _read_text(text) if len(text) <= _LONGEST else (None, None)


@lru_cache(maxsize=8192)  # the entries of an upload, or of a dataset, have the same times
def _read_text(text: str) -> tuple[str | None, int | None]:
    moment = _moment(text)
    return _written(moment), _counted(moment)


def _written(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _counted(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // timedelta(milliseconds=1)


def _moment(value: Json) -> datetime | None:
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = EPOCH + timedelta(milliseconds=value)
        else:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _milliseconds(fraction: str) -> Decimal:
    """Digits after the fourteenth only say whether there is more: Decimal adds in 28 digits."""
    digits, rest = fraction[1:15], fraction[15:].strip("0")
    return Decimal(f"0.{digits}{'1' if rest else ''}") * 1000


def _seconds(found: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    offset = _offset_minutes(found[8])
    cycles = 1 if year == 0 else 0
    try:
        shifted = date(year + cycles * _CYCLE_YEARS, month, day)
    except ValueError:
        return None
    if hour > 23 or minute > 59 or second > 60 or offset is None:
        return None
    days = shifted.toordinal() - cycles * _CYCLE_DAYS - EPOCH.toordinal()
    return days * 86_400 + hour * 3600 + (minute - offset) * 60 + second


def _offset_minutes(text: str) -> int | None:
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)

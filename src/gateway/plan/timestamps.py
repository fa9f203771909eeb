"""RFC 3339 timestamps <-> milliseconds since 1970 in UTC, which is what NOMAD's index compares."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from gateway.errors import FilterValueError

_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
# The calendar repeats every 400 years; Python's begins in year 1, RFC 3339's in year 0.
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097

FIRST_MS = -62_135_596_800_000
LAST_MS = 253_402_300_799_999
"""0001-01-01 and the end of 9999: what Python, and so NOMAD, can hold."""


def read_timestamp(text: str, *, column: int | None = None) -> Decimal:
    """Milliseconds since 1970 in UTC, exact; FilterValueError when not RFC 3339 (section 5.6)."""
    found = _RFC_3339.fullmatch(text)
    seconds = None if found is None else _seconds(found)
    if found is None or seconds is None:
        raise FilterValueError(
            f"{text!r} is not a timestamp of RFC 3339, such as 2024-05-01T12:00:00Z "
            "or 2024-05-01T14:00:00.5+02:00 (date, time and offset are all needed).",
            column=column,
        )
    return seconds * 1000 + _milliseconds(found[7] or ".0")


def write_timestamp(milliseconds: int) -> str:
    """RFC 3339 in UTC with three decimals, from FIRST_MS to LAST_MS."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
    days = shifted.toordinal() - cycles * _CYCLE_DAYS - _EPOCH_DAY
    return days * 86_400 + hour * 3600 + (minute - offset) * 60 + second


def _offset_minutes(text: str) -> int | None:
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)

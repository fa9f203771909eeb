"""Values as Elasticsearch reads them, by the kind of their field: text, number, date, boolean."""

import calendar
import math
import re
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from gateway.demo.elasticsearch.elastic import Scalar
from gateway.demo.refusals import RefusalError, elastic_refusal

Stored = str | int | float | bool
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
DAYS_OF_400_YEARS = 146_097
DATE = re.compile(
    r"(?P<sign>-?)(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?P<time>T"
    r"(?:(?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?)?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?)?)?",
    re.ASCII,
)
EPOCH_MILLIS = re.compile(r"(\d{1,19})(?:\.\d+)?", re.ASCII)


class NegativeZero(float):
    """-0.0 as the index has it: a number of its own, below 0.0 and above all others below it."""

    def __new__(cls) -> "NegativeZero":
        """There is one such value."""
        return super().__new__(cls, -0.0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NegativeZero)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash("-0.0")

    def __lt__(self, other: float) -> bool:
        return other >= 0 and not isinstance(other, NegativeZero)

    def __le__(self, other: float) -> bool:
        return self == other or self < other

    def __gt__(self, other: float) -> bool:
        return other < 0 and not isinstance(other, NegativeZero)

    def __ge__(self, other: float) -> bool:
        return self == other or self > other


def with_sign(number: float) -> float:
    """The number as the index compares it."""
    return number or (NegativeZero() if math.copysign(1, number) < 0 else 0.0)


def store_value(kind: str, value: object) -> Stored:
    """A document's value as the index stores it: floats to 32 bits, dates to milliseconds."""
    match kind:
        case "integer" | "long":
            return int(str(value))
        case "float":
            return with_sign(to_float32(float(str(value))))
        case "double":
            return with_sign(float(str(value)))
        case "date":
            return read_date(str(value))[0]
        case "boolean":
            return bool(value)
        case _:
            return str(value)


def read_span(kind: str, value: Scalar) -> tuple[Stored, Stored] | None:
    """First and last stored value that equal this one; None if no stored value can."""
    if kind in ("integer", "long"):
        number = _whole_or_float(kind, value)
        return (int(number), int(number)) if number == int(number) else None
    if kind == "date":
        return read_date(_date_text(value))
    single = read_bound(kind, value, op="gte")
    return single, single


def read_bound(kind: str, value: Scalar, *, op: str) -> Stored:
    """A range bound; `gt` and `lte` mean the end of a date that is given coarsely."""
    match kind:
        case "integer" | "long":
            return _whole_or_float(kind, value)
        case "float":
            return with_sign(to_float32(_number(value)))
        case "double":
            return with_sign(_number(value))
        case "date":
            return read_date_bound(_date_text(value), last=op in ("gt", "lte"))
        case "boolean":
            return _boolean(value)
        case _:
            return as_text(value)


def as_text(value: Scalar) -> str:
    """A value in a keyword field's terms."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_float32(number: float) -> float:
    """The nearest number with the precision of a 32-bit float."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        raise elastic_refusal(
            f"failed to create query: [float] supports only finite values, but got [{number}]"
        ) from None


def read_date(text: str) -> tuple[int, int]:
    """First and last millisecond of what the text names: a day, a second, an instant."""
    return read_date_bound(text, last=False), read_date_bound(text, last=True)


def read_date_bound(text: str, *, last: bool) -> int:
    """Its first or last millisecond; what a date leaves out is filled up to the end of the day."""
    found = DATE.fullmatch(text)
    try:
        if found is not None:
            return _read_calendar(found, last=last)
    except ValueError:
        found = None
    millis = EPOCH_MILLIS.fullmatch(text)
    if millis is None or int(millis[1]) > LONG_MAX:
        raise _bad_date(text)
    return int(millis[1])


def _bad_date(text: str) -> RefusalError:
    if not text:
        return elastic_refusal("cannot parse empty date")
    problem = (
        f"failed to parse date field [{text}] with format [strict_date_optional_time||epoch_millis]"
    )
    return elastic_refusal(f"{problem}: [{problem}]")


def _read_calendar(found: re.Match[str], *, last: bool) -> int:
    cycle, year = divmod(int(found["sign"] + found["year"]) - 1, 400)  # datetime starts at year 1
    month, day = int(found["month"] or 1), int(found["day"] or 1)
    if last and 1 <= month <= 12 and day <= 31:  # only here does Java forgive 30 February
        day = min(day, calendar.monthrange(year + 1, month)[1])
    hour, minute = _part(found, "hour", 23 * last), _part(found, "minute", 59 * last)
    second = _part(found, "second", 59 * last)
    moment = datetime(year + 1, month, day, hour, minute, second, tzinfo=UTC)
    fraction = (found["fraction"] or "").ljust(3, "0")[:3] if found["fraction"] else 999 * last
    days = (moment - EPOCH) // timedelta(milliseconds=1) + cycle * DAYS_OF_400_YEARS * DAY_MS
    return days + int(fraction) - _offset_ms(found["zone"])


def _part(found: re.Match[str], name: str, missing: int) -> int:
    return int(found[name]) if found[name] else missing


def _offset_ms(zone: str | None) -> int:
    if zone in (None, "Z"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if int(digits[2:]) > 59 or minutes > 18 * 60:
        raise ValueError(zone)
    return (-minutes if zone[0] == "-" else minutes) * 60_000


def _date_text(value: Scalar) -> str:
    return java_text(value) if isinstance(value, float) else as_text(value)


def java_text(number: float) -> str:
    """A number as Java writes it: 1.0E7 from ten millions on."""
    if not (abs(number) >= 1e7 or 0 < abs(number) < 1e-3) or math.isinf(number):
        return repr(number)
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = int(exponent) + len(text) - 1
    return f"{'-' * sign}{text[0]}.{text[1:] or '0'}E{power}"


def _number(value: Scalar) -> float:
    if isinstance(value, bool):
        raise _not_a_number(as_text(value))
    if isinstance(value, str):
        return _read_number(value)
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _read_number(text: str) -> float:
    if not text.strip():
        raise elastic_refusal("failed to create query: empty String")
    if "_" in text or text.strip().lower() in ("nan", "inf", "+inf", "-inf"):
        raise _not_a_number(text)
    try:
        return float(text)
    except ValueError:
        raise _not_a_number(text) from None


def _not_a_number(text: str) -> RefusalError:
    return elastic_refusal(f'failed to create query: For input string: "{text}"')


def _whole_or_float(kind: str, value: Scalar) -> int | float:
    number = (
        int(value) if isinstance(value, int) and not isinstance(value, bool) else _number(value)
    )
    low, high = (INT_MIN, INT_MAX) if kind == "integer" else (LONG_MIN, LONG_MAX)
    if not low <= number <= high:
        article = "an integer" if kind == "integer" else "a long"
        shown = java_text(value) if isinstance(value, float) else value
        raise elastic_refusal(
            f"failed to create query: Value [{shown}] is out of range for {article}"
        )
    return number


def _boolean(value: Scalar) -> bool:
    text = as_text(value)
    if text not in ("true", "false"):
        problem = f"Can't parse boolean value [{text}], expected [true] or [false]"
        raise elastic_refusal(f"failed to create query: {problem}")
    return text == "true"

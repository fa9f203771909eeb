"""A timestamp in a filter -> milliseconds since 1970, or the error that says what is wrong."""

from decimal import Decimal

from gateway.errors import FilterValueError
from gateway.times import read_rfc3339

_SHOWN = 60


def read_timestamp(text: str, *, column: int | None = None) -> Decimal:
    """Milliseconds since 1970 in UTC, exact; FilterValueError when not RFC 3339."""
    milliseconds = read_rfc3339(text)
    if milliseconds is None:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise FilterValueError(
            f"{shown!r} is not a timestamp of RFC 3339, such as 2024-05-01T12:00:00Z "
            "or 2024-05-01T14:00:00.5+02:00 (date, time and offset are all needed).",
            column=column,
        )
    return milliseconds

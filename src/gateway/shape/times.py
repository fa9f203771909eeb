"""A site's way to write a moment -> RFC 3339 in UTC, to the millisecond that the index compares."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gateway.model import Json

# In UTC, like all moments here.
_EPOCH = datetime(1970, 1, 1)
_LONGEST = 64
"""Characters of a date and time that are read; the longest that NOMAD writes has 32."""


def read_time(value: Json) -> str | None:
    """`2021-03-01T00:00:00.123Z` from ISO 8601 text or milliseconds since 1970, else None.

    Text without an offset is UTC, as everywhere in NOMAD; finer fractions are cut, not rounded.
    """
    return _read_text(value)[0] if isinstance(value, str) else _written(_moment(value))


def read_milliseconds(value: Json) -> int | None:
    """The same as milliseconds since 1970."""
    return _read_text(value)[1] if isinstance(value, str) else _counted(_moment(value))


@lru_cache(maxsize=8192)  # the entries of an upload, or of a dataset, have the same times
def _read_text(text: str) -> tuple[str | None, int | None]:
    moment = _moment(text) if len(text) <= _LONGEST else None
    return _written(moment), _counted(moment)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.isoformat(timespec='milliseconds')}Z"


def _counted(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // timedelta(milliseconds=1)


def _moment(value: Json) -> datetime | None:
    """In UTC, without saying so."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = _EPOCH + timedelta(milliseconds=value)
        else:
            return None
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None

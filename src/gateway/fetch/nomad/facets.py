"""How many entries of a query have each value of some properties: one request to a site.

What comes back is not trusted; a list that may have been cut is no answer.
"""

from collections.abc import Mapping
from typing import NoReturn, TypeAlias

from gateway.errors import SiteError
from gateway.fetch.nomad.session import SiteSession
from gateway.model import FacetSource, Json, JsonObject, NativeQuery

MOST_VALUES = 1_000
"""Of one property at one site: nobody reads more, and NOMAD gives the most frequent ones only."""

Value: TypeAlias = str | int | bool
Counts: TypeAlias = Mapping[Value, int]


async def read_counts(
    session: SiteSession, query: NativeQuery, sources: Mapping[str, FacetSource]
) -> dict[str, Counts | None]:
    """For each name how many entries have each value; None: there are too many values.

    Raises SiteError.
    """
    aggregations = {f"facet{place}": _asked(one) for place, one in enumerate(sources.values())}
    answers = await session.aggregate(query, aggregations)
    return {
        name: _counts(session, source, buckets)
        for (name, source), buckets in zip(sources.items(), answers, strict=True)
    }


def _asked(source: FacetSource) -> JsonObject:
    if source.is_number:
        return {"histogram": {"quantity": source.quantity, "interval": 1}}
    return {"terms": {"quantity": source.quantity, "size": MOST_VALUES}}


def _counts(session: SiteSession, source: FacetSource, buckets: list[Json]) -> Counts | None:
    if len(buckets) >= MOST_VALUES:
        return None
    counts: dict[Value, int] = {}
    for bucket in buckets:
        value, count = _bucket(session, bucket, is_number=source.is_number)
        if source.words is not None:
            known = source.words.get(str(value))
            if known is None:
                continue
            value = known
        if count:
            counts[value] = counts.get(value, 0) + count
    return counts


def _bucket(session: SiteSession, bucket: Json, *, is_number: bool) -> tuple[Value, int]:
    match bucket:
        case {"value": bool() | str() as value, "count": int() as count} if not is_number:
            return value, _positive(session, count)
        case {"value": int() | float() as value, "count": int() as count} if is_number:
            if value == int(value):
                return int(value), _positive(session, count)
    _refuse(session)


def _positive(session: SiteSession, count: int) -> int:
    if count < 0:
        _refuse(session)
    return count


def _refuse(session: SiteSession) -> NoReturn:
    happened = "the answer has a value without text, number or count"
    raise SiteError(session.name, doing="count values", happened=happened)

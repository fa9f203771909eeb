"""All distinct values of a quantity among a site's entries, each with an example entry.

NOMAD gives them in rising order, page by page; what comes back is not trusted.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NoReturn, cast

from gateway.errors import SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Json, JsonObject, NativeQuery

PAGE = 1_000
"""Values per request; with examples NOMAD takes about half a millisecond for each."""
TERM_BYTES = 160
"""What one value takes: text, count, and a place in a list."""
_NO_DOCUMENT: Mapping[str, Json] = {}
_IN_LOOP = 2_000
"""Values that are read in the event loop: 10,000 take 20 ms."""


@dataclass(frozen=True, slots=True)
class Term:
    """One value, how many entries have it, and what the index says of one of them."""

    value: str
    count: int
    document: Mapping[str, Json] = field(compare=False, repr=False, default_factory=dict)


async def read_terms(
    session: SiteSession,
    quantity: str,
    *,
    query: NativeQuery,
    most: int,
    fields: Sequence[str] = (),
    page: int | None = None,
) -> tuple[Term, ...]:
    """The values among the entries of `query`, rising; with more than `most` it stops after them.

    `page` is how many come with one request; None: PAGE. Raises SiteError.
    """
    found: list[Term] = []
    size = page or PAGE
    held = session.hold()
    while len(found) <= most:
        pagination: JsonObject = {"page_size": size}
        if found:
            pagination["page_after_value"] = found[-1].value
        further = await _page_alone(session, quantity, query, fields, pagination=pagination)
        if not held.try_reserve(TERM_BYTES * len(further)):
            _refuse(session, "there are more values than can be held beside other answers")
        walked = (*found[-1:], *further)
        if any(a.value >= b.value for a, b in pairwise(walked)):
            _refuse(session, "the answer is not in rising order")
        found += further
        if len(further) < size:
            break
    return tuple(found)


async def _page_alone(
    session: SiteSession,
    quantity: str,
    query: NativeQuery,
    fields: Sequence[str],
    **limits: Json,
) -> tuple[Term, ...]:
    """The same as `_page`; without examples the answer is not held any longer than that."""
    if fields:
        return await _page(session, quantity, query, fields, **limits)
    scope = MemoryScope()
    try:
        return await _page(session.apart(scope), quantity, query, fields, **limits)
    finally:
        scope.close()


async def read_some_terms(
    session: SiteSession,
    quantity: str,
    values: Sequence[str],
    *,
    query: NativeQuery,
    fields: Sequence[str] = (),
) -> tuple[Term, ...]:
    """Those of the values that entries of `query` have; raises SiteError."""
    if not values:
        return ()
    some: NativeQuery = {"and": [query, {f"{quantity}:any": list(values)}]}
    page = await _page(session, quantity, some, fields, size=len(values), include=list(values))
    if not {term.value for term in page} <= set(values):
        _refuse(session, "the answer has values that were not asked for")
    return page


async def _page(
    session: SiteSession,
    quantity: str,
    query: NativeQuery,
    fields: Sequence[str],
    **limits: Json,
) -> tuple[Term, ...]:
    terms: JsonObject = {"quantity": quantity, **limits}
    if fields:
        terms["entries"] = {"size": 1, "required": {"include": cast("list[Json]", list(fields))}}
    (buckets,) = await session.aggregate(query, {"values": {"terms": terms}})

    def read() -> tuple[Term, ...]:
        return tuple(_term(session, bucket) for bucket in buckets)

    return read() if len(buckets) <= _IN_LOOP else await asyncio.to_thread(read)


def _term(session: SiteSession, bucket: Json) -> Term:
    if not isinstance(bucket, dict):
        _refuse(session, "the answer has a value without text or count")
    value, count, examples = bucket.get("value"), bucket.get("count"), bucket.get("entries")
    if not isinstance(value, str) or not isinstance(count, int) or count < 1:
        _refuse(session, "the answer has a value without text or count")
    example = examples[0] if isinstance(examples, list) and examples else None
    return Term(value, count, example if isinstance(example, dict) else _NO_DOCUMENT)


def _refuse(session: SiteSession, happened: str) -> NoReturn:
    raise SiteError(session.name, doing="list values", happened=happened)

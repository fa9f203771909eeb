"""A native request -> a NOMAD's answer over stub entries; every entry matches any condition.

Only conditions on `entry_id` are read; use filters that hold for every structure, such as
`nsites < 1000000`. What cannot be answered truly is refused with 422, never answered by guess.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from tests.bench.stub_entries import VERSION, StubEntries

Body: TypeAlias = Mapping[str, Any]
MOST_KEPT = 4_096
NEWEST = ("publish_time", "last_processing_time")
"""Of what is ordered by these, the first entry alone can be asked for."""


class StubRefusalError(Exception):
    """The stub cannot answer this as a NOMAD would."""


@dataclass(frozen=True, slots=True)
class StubAnswer:
    """The JSON of an answer, and how many archives a NOMAD would have had to read for it."""

    content: bytes
    archives: int = 0


@dataclass(frozen=True, slots=True)
class _Page:
    """The numbers of a page's entries in the order asked."""

    numbers: Sequence[int]
    total: int
    pagination: Mapping[str, Any]


class StubAnswers:
    """All answers of one site; pages of the whole site are kept."""

    def __init__(self, site: str, entries: StubEntries) -> None:
        self._site = site
        self._entries = entries
        self._kept: dict[tuple[bytes, bool], tuple[bytes, int]] = {}

    def info(self) -> StubAnswer:
        """The answer to `/info`."""
        info = {
            "parsers": ["archive"],
            "metainfo_packages": ["general"],
            "codes": [],
            "normalizers": ["OptimadeNormalizer", "ResultsNormalizer"],
            "version": VERSION,
            "deployment": self._site,
            "oasis": True,
            "git": {},
        }
        return StubAnswer(orjson.dumps(info))

    def query(self, raw: bytes, *, archives: bool) -> StubAnswer:
        """The answer to `/entries/query` or `/entries/archive/query`; raises StubRefusalError."""
        body = orjson.loads(raw)
        if "aggregations" in body:
            return self._uploads(body)
        conditions = tuple(_on_ids(body.get("query") or {}))
        if conditions:
            return self._answer(body, *self._page(body, conditions, archives=archives))
        rest = (body.get("pagination"), body.get("required"))
        key = (orjson.dumps(rest), archives)
        if key not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = self._page(body, (), archives=archives)
        return self._answer(body, *self._kept[key])

    def _uploads(self, body: Body) -> StubAnswer:
        """The ids of all uploads, of which there is one: other aggregations are refused."""
        (name, asked), *more = body["aggregations"].items() or [("", {})]
        pagination = body.get("pagination") or {}
        terms = asked.get("terms", {})
        known = terms.get("quantity") == "upload_id" and pagination.get("page_size") == 0
        if more or not known or tuple(_on_ids(body.get("query") or {})):
            raise StubRefusalError("aggregations")
        after = (terms.get("pagination") or {}).get("page_after_value", "")
        upload, count = self._entries.upload_id, len(self._entries.ids)
        buckets = [{"value": upload, "count": count}] if count and after < upload else []
        page = {
            "pagination": {**pagination, "total": count},
            "aggregations": {name: {"terms": {**terms, "data": buckets}}},
            "data": [],
        }
        return self._answer(body, b"," + orjson.dumps(page)[1:], 0)

    def _answer(self, body: Body, page: bytes, read: int) -> StubAnswer:
        head = {"owner": body.get("owner", "public"), "query": body.get("query")}
        if body.get("required") is not None:
            head["required"] = body["required"]
        return StubAnswer(orjson.dumps(head)[:-1] + page, read)

    def _page(self, body: Body, conditions: Sequence[Body], *, archives: bool) -> tuple[bytes, int]:
        """Pagination and data, as they follow the head."""
        asked = body.get("pagination") or {}
        if asked.get("order_by") in NEWEST and asked.get("page_size") == 1 and not conditions:
            total = len(self._entries.ids)
            page = _Page(self._entries.newest(asked["order_by"]), total, {**asked, "total": total})
        else:
            page = _take(self._matching(conditions), self._entries.ids, asked)
        write = self._entries.archives if archives else self._entries.documents
        required = body.get("required") or ("*" if archives else None)
        data = write(page.numbers, required)
        pagination = orjson.dumps(page.pagination)
        return (
            b',"pagination":' + pagination + b',"data":[' + data + b"]}",
            len(page.numbers) if archives else 0,
        )

    def _matching(self, conditions: Sequence[Body]) -> Sequence[int]:
        """The numbers of the entries that match, ascending."""
        low, high = 0, len(self._entries.ids)
        chosen: set[int] | None = None
        for condition in conditions:
            [(name, value)] = condition.items()
            match name, value:
                case "entry_id:any", list():
                    numbers = self._entries.numbers
                    found = {numbers[one] for one in value if one in numbers}
                    chosen = found if chosen is None else chosen & found
                case "entry_id", dict():
                    start, end = _bounds(self._entries.ids, value)
                    low, high = max(low, start), min(high, end)
                case "entry_id", str():
                    start = bisect_left(self._entries.ids, value)
                    low, high = max(low, start), min(high, bisect_right(self._entries.ids, value))
                case _:
                    raise StubRefusalError(f"{name}: {value}")
        if chosen is None:
            return range(low, max(low, high))
        return sorted(one for one in chosen if low <= one < high)


def _on_ids(query: Body) -> Iterator[Body]:
    """The conditions on ids that hold for the whole query; deeper ones are refused."""
    for name, value in query.items():
        if name == "and":
            for part in value:
                yield from _on_ids(part)
        elif name in ("entry_id", "entry_id:any"):
            yield {name: value}
        elif name in ("or", "not") and b'"entry_id' in orjson.dumps(value):
            raise StubRefusalError(f"entry_id below {name}")


def _bounds(ids: Sequence[str], value: Body) -> tuple[int, int]:
    low, high = 0, len(ids)
    for op, bound in value.items():
        match op:
            case "gt":
                low = max(low, bisect_right(ids, bound))
            case "gte":
                low = max(low, bisect_left(ids, bound))
            case "lt":
                high = min(high, bisect_left(ids, bound))
            case "lte":
                high = min(high, bisect_right(ids, bound))
            case _:
                raise StubRefusalError(f"entry_id:{op}")
    return low, high


def _take(matching: Sequence[int], ids: Sequence[str], asked: Body) -> _Page:
    """The page as NOMAD cuts it: by entry_id, behind a position or from an offset."""
    size, falling = asked.get("page_size", 10), asked.get("order") == "desc"
    if asked.get("order_by", "entry_id") != "entry_id":
        raise StubRefusalError(f"order by {asked['order_by']}")
    if not 0 <= size <= 10_000:
        raise StubRefusalError(f"page_size {size}")
    ordered = matching[::-1] if falling else matching
    start = _start(ordered, ids, asked, falling=falling)
    numbers = ordered[start : start + size]
    reported = {"page_size": size, "order_by": "entry_id", "order": "desc" if falling else "asc"}
    reported |= {name: asked[name] for name in ("page_after_value", "page_offset") if name in asked}
    reported["total"] = len(matching)
    if numbers and (start or len(numbers) < len(matching)) and len(numbers) == size:
        reported["next_page_after_value"] = ids[numbers[-1]]
    return _Page(numbers, len(matching), reported)


def _start(ordered: Sequence[int], ids: Sequence[str], asked: Body, *, falling: bool) -> int:
    after = asked.get("page_after_value")
    if after is None:
        return int(asked.get("page_offset", 0))
    if not falling:
        return bisect_right(ordered, after, key=lambda number: ids[number])
    lower = bisect_left(ordered[::-1], after, key=lambda number: ids[number])
    return len(ordered) - lower

"""One Oasis, demo or real, asked one request at a time, and what was learned from it beforehand.

Rows of this suite name no entry, element or number of their own: they take them from `Known`.
"""

import asyncio
import json
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, TypeAlias

import httpx
import pytest

Json: TypeAlias = dict[str, Any]
Document: TypeAlias = Mapping[str, Any]
Predicate: TypeAlias = Callable[[Document], bool]

STRUCTURE: Json = {"quantities": "metadata.optimade"}
LEARNED = [
    "entry_id",
    "upload_id",
    "upload_name",
    "entry_name",
    "mainfile",
    "upload_create_time",
    "last_processing_time",
    "entry_create_time",
    "optimade.*",
    "quantities",
    "nomad_version",
    "results.material.elements",
    "results.material.elemental_composition.*",
    "results.material.symmetry.*",
    "results.properties.electronic.band_gap.*",
]
SCOPE = 600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON document."""

    status: int
    body: Json

    @property
    def total(self) -> int:
        """How many entries match."""
        assert self.status == 200, (self.status, self.body)
        return int(self.body["pagination"]["total"])

    @property
    def ids(self) -> list[str]:
        """The entries of the page."""
        assert self.status == 200, (self.status, self.body)
        return [item["entry_id"] for item in self.body["data"]]

    @property
    def next(self) -> str | None:
        """Where the next page starts."""
        assert self.status == 200, (self.status, self.body)
        after = self.body["pagination"].get("next_page_after_value")
        return None if after is None else str(after)

    @property
    def detail(self) -> str:
        """What a refusal says."""
        return json.dumps(self.body.get("detail"), ensure_ascii=False)


@dataclass(frozen=True)
class Asker:
    """Sends requests to one API: over HTTP, or to an app in this process."""

    name: str
    base: str
    app: Any = None

    @cached_property
    def _http(self) -> httpx.Client:
        return httpx.Client(timeout=60, trust_env=False)

    def send(self, method: str, path: str, body: object = None) -> Answer:
        """One request; a connection that NOMAD has dropped after a 500 is opened anew."""
        for last in (False, True):
            try:
                return self._send(method, path, body)
            except httpx.TransportError:
                if last:
                    raise
        raise AssertionError

    def _send(self, method: str, path: str, body: object) -> Answer:
        url = f"{self.base}/{path}"
        if self.app is None:
            response = self._http.request(method, url, json=body)
        else:
            response = asyncio.run(self._send_here(method, url, body))
        return Answer(response.status_code, response.json())

    async def _send_here(self, method: str, url: str, body: object) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            return await client.request(method, url, json=body)

    def close(self) -> None:
        """Ends the connections."""
        if self.app is None:
            self._http.close()

    def post(self, body: Json, *, path: str = "entries/query") -> Answer:
        """A search."""
        return self.send("POST", path, body)

    def find(self, query: object, *, size: int = 0, **pagination: object) -> Answer:
        """A search that answers ids."""
        body = {
            "query": query,
            "pagination": {"page_size": size, **pagination},
            "required": {"include": ["entry_id"]},
        }
        return self.post(body)

    def archives(self, query: object, required: object = "*", **pagination: object) -> Answer:
        """A search that answers archives."""
        body = {"query": query, "pagination": pagination, "required": required}
        return self.post(body, path="entries/archive/query")


@dataclass
class Known:
    """What an Oasis holds, within the first few hundred entries."""

    oasis: Asker
    version: str
    scope: Json
    documents: list[Document]
    required: bool = False  # a demo Oasis has to have everything that rows need
    orders: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_old(self) -> bool:
        """Whether it answers as NOMAD 1.3."""
        return tuple(map(int, self.version.split(".")[:2])) < (1, 4)

    @cached_property
    def structures(self) -> list[Document]:
        """The entries with a structure."""
        return [one for one in self.documents if "metadata.optimade" in one["quantities"]]

    def ids(self, query: object) -> set[str]:
        """The known entries that a query selects."""
        answer = self.oasis.find({"and": [self.scope, query]}, size=10_000)
        assert answer.total == len(answer.ids)
        return set(answer.ids)

    def expected(self, predicate: Predicate) -> set[str]:
        """The known entries that a predicate selects."""
        return {one["entry_id"] for one in self.documents if predicate(one)}

    def need(self, value: Any, what: str) -> Any:
        """The value, unless this Oasis has none."""
        if value is None or value in ([], ""):
            assert not self.required, f"the demo data have no {what}"
            pytest.skip(f"{self.oasis.name} holds no {what}")
        return value

    def common(self, path: str, rank: int = 0) -> Any:
        """The value that stands rank-th in how often structures have it."""
        counts = Counter(value for one in self.structures for value in values(one, path))
        ranked = sorted(counts, key=lambda value: (-counts[value], str(value)))
        return self.need(ranked[rank] if rank < len(ranked) else None, path)

    def first(self, predicate: Predicate, what: str) -> Document:
        """The first structure that the predicate selects."""
        found = next((one for one in self.structures if predicate(one)), None)
        document: Document = self.need(found, what)
        return document


def learn(oasis: Asker, *, required: bool) -> Known:
    """Asks for version and entries."""
    version = oasis.send("GET", "info").body["version"]
    first = oasis.find({}, size=SCOPE)
    scope: Json = {"entry_id": {"lte": first.ids[-1]}} if first.next else {}
    body = {
        "query": scope,
        "pagination": {"page_size": SCOPE},
        "required": {"include": LEARNED},
    }
    return Known(oasis, version, scope, oasis.post(body).body["data"], required)


def values(document: Document, path: str) -> list[Any]:
    """All values at a dotted path, lists laid flat."""
    found: list[Any] = [document]
    for name in path.split("."):
        found = [item[name] for item in flat(found) if isinstance(item, Mapping) and name in item]
    return [value for value in flat(found) if value is not None]


def flat(items: Iterable[Any]) -> list[Any]:
    """Lists within lists as one list."""
    laid: list[Any] = []
    for item in items:
        laid.extend(flat(item) if isinstance(item, list) else [item])
    return laid


def one(document: Document, path: str) -> Any:
    """The one value at a path, or None."""
    found = values(document, path)
    return found[0] if found else None


def float32(number: float) -> float:
    """As a 32 bit float keeps it."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


def millis(text: str) -> int:
    """A timestamp as the index compares it."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


def pairs(document: Document) -> list[tuple[str, float]]:
    """Elements with their ratios, as the index holds them."""
    repeated = document.get("optimade", {}).get("elements_ratios") or [[]]
    return [(pair["elements"], float32(pair["elements_ratios"])) for pair in repeated[0]]

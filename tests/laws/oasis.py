"""One Oasis, live or embedded, asked by native query: which public entries it selects."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import httpx

from gateway.model import Json, JsonObject, NativeQuery
from gateway.properties import STRUCTURE
from tests.laws.entries import entry_of
from tests.laws.evaluator import Entry

Pagination: TypeAlias = dict[str, int]

MOST_IDS = 400
"""Up to so many ids are fetched; above, the expected ones are counted among the answer."""

CHUNK = 1_000
ARCHIVE: JsonObject = {"metadata": {"optimade": "*"}}


class RefusedError(Exception):
    """The Oasis answered other than 200."""


class Oasis:
    """One Oasis, asked one request at a time, by any HTTP client with its API as base address."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def count(self, query: NativeQuery) -> int:
        """How many entries the query selects."""
        return int(self._ask(query, {"page_size": 0})["pagination"]["total"])

    def ids(self, query: NativeQuery) -> set[str]:
        """The ids of the entries that the query selects."""
        answer = self._ask(query, {"page_size": 10_000})
        return {one["entry_id"] for one in answer["data"]}

    def authors(self) -> dict[str, list[dict[str, str]]]:
        """The authors by entry, which no record of the loading holds."""
        answer = self._ask({}, {"page_size": 10_000}, ["entry_id", "authors.name"])
        return {one["entry_id"]: one["authors"] for one in answer["data"]}

    def structures(self, site: str) -> list[Entry]:
        """All public entries with a structure, as they are answered."""
        answer = self._ask(STRUCTURE, {"page_size": 10_000}, ["*"])
        archives = self._post("/entries/archive/query", STRUCTURE, {"page_size": 10_000}, ARCHIVE)
        held = {one["entry_id"]: one["archive"]["metadata"] for one in archives["data"]}
        return [
            entry_of(one, held[one["entry_id"]]["optimade"], site=site) for one in answer["data"]
        ]

    def selects(self, query: NativeQuery, expected: set[str]) -> bool:
        """Whether the query selects exactly the expected entries."""
        total = self.count(query)
        if total != len(expected):
            return False
        if total <= MOST_IDS:
            return total == 0 or self.ids(query) == expected
        ids = sorted(expected)
        chunks: list[Json] = [
            {"entry_id:any": list(ids[i : i + CHUNK])} for i in range(0, total, CHUNK)
        ]
        return self.count({"and": [query, {"or": chunks}]}) == total

    def _ask(
        self, query: NativeQuery, pagination: Pagination, fields: Sequence[str] = ("entry_id",)
    ) -> Any:
        return self._post("/entries/query", query, pagination, {"include": list(fields)})

    def _post(
        self, path: str, query: NativeQuery, pagination: Pagination, required: JsonObject
    ) -> Any:
        body = {"owner": "public", "query": query, "pagination": pagination, "required": required}
        try:
            response = self._client.post(path, json=body)
        except httpx.RemoteProtocolError:  # NOMAD drops the connection after a 500
            response = self._client.post(path, json=body)
        if response.status_code != 200:
            raise RefusedError(f"HTTP {response.status_code}: {response.text[:3000]}")
        return response.json()

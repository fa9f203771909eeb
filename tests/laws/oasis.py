"""One live NOMAD, asked by native query: how many public entries it selects, and which."""

from collections.abc import Sequence
from typing import Any

import httpx

from gateway.model import NativeQuery

MOST_IDS = 400
"""Up to so many ids are fetched; above, the expected ones are counted among the answer."""

CHUNK = 1_000


class Refused(Exception):
    """The Oasis answered other than 200."""


class Oasis:
    """One connection to one Oasis, one request at a time."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=120)

    def count(self, query: NativeQuery) -> int:
        """How many entries the query selects."""
        return int(self._ask(query, {"page_size": 0})["pagination"]["total"])

    def ids(self, query: NativeQuery) -> set[str]:
        """The ids of the entries that the query selects."""
        answer = self._ask(query, {"page_size": 10_000})
        return {one["entry_id"] for one in answer["data"]}

    def authors(self) -> dict[str, list[str]]:
        """The names of all authors by entry, which no record of the loading holds."""
        answer = self._ask({}, {"page_size": 10_000}, ["entry_id", "authors.name"])
        return {one["entry_id"]: [a["name"] for a in one["authors"]] for one in answer["data"]}

    def selects(self, query: NativeQuery, expected: set[str]) -> bool:
        """Whether the query selects exactly the expected entries."""
        total = self.count(query)
        if total != len(expected):
            return False
        if total <= MOST_IDS:
            return total == 0 or self.ids(query) == expected
        ids = sorted(expected)
        chunks = [{"entry_id:any": ids[i : i + CHUNK]} for i in range(0, total, CHUNK)]
        return self.count({"and": [query, {"or": chunks}]}) == total

    def _ask(
        self, query: NativeQuery, pagination: dict[str, int], fields: Sequence[str] = ("entry_id",)
    ) -> Any:
        body = {
            "owner": "public",
            "query": query,
            "pagination": pagination,
            "required": {"include": list(fields)},
        }
        try:
            response = self._client.post("/entries/query", json=body)
        except httpx.RemoteProtocolError:  # NOMAD drops the connection after a 500
            response = self._client.post("/entries/query", json=body)
        if response.status_code != 200:
            raise Refused(f"HTTP {response.status_code}: {response.text[:300]}")
        return response.json()

"""What existing clients sent to the demo, request by request: `recorded/*.json`.

Recorded by a proxy before `gateway demo`, as the clients sent it; only `host` is left out. How to
record anew stands in docs/how-to/develop.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson

from tests.native.gateways import Body, Native

FOLDER = Path(__file__).parent / "recorded"
CLIENTS = sorted(path.stem for path in FOLDER.glob("*.json"))


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it was sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Body:
        return orjson.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """The entries that a download names."""
        return self.json["query"]["and"][-1]["entry_id:any"]

    @property
    def after(self) -> str | None:
        return self.json["pagination"].get("page_after_value")

    async def replay(self, native: Native) -> httpx.Response:
        """The answer to the same bytes."""
        content = self.body.encode() if self.body else None
        return await native.client.request(
            self.method, self.target, headers=self.headers, content=content
        )


def read_recorded(client: str) -> Sequence[Recorded]:
    return [
        Recorded(**one)
        for one in orjson.loads((FOLDER / f"{client}.json").read_bytes())["requests"]
    ]


class ArchiveQueryTraffic:
    """`fetch` and `download` of nomad.client.ArchiveQuery, as 1.3, 1.4 and 2.0 send them, for more
    entries than were recorded, and with what it does about failures."""

    def __init__(
        self,
        native: Native,
        template: Sequence[Recorded],
        *,
        page: int = 100,
        query: Body | None = None,
    ) -> None:
        self._native = native
        fetches = [one for one in template if one.target.endswith("/entries/query")]
        self._fetch, self._download = fetches[0], template[len(fetches)]
        self._page = page
        self._query = query
        """In place of the recorded one."""
        self.entries: list[tuple[str, str]] = []
        self.failures: list[int] = []

    async def fetch(self, most: int, *, retries: int = 2) -> None:
        """Pages of ids; on 500, 502 and 504 the same page is asked again."""
        after = None
        while len(self.entries) < most:
            pagination: Body = {"page_size": self._page}
            if after is not None:
                pagination["page_after_value"] = after
            body = {**self._asked(self._fetch), "pagination": pagination}
            response = await self._native.post("/entries/query", body)
            if response.status_code in (500, 502, 504) and retries:
                self.failures.append(response.status_code)
                retries -= 1
                continue
            assert response.status_code == 200, response.text
            answer = response.json()
            assert answer["pagination"]["total"] >= len(answer["data"])
            self.entries += [(one["entry_id"], one["upload_id"]) for one in answer["data"]]
            after = answer["pagination"].get("next_page_after_value")
            if after is None:
                return
        del self.entries[most:]

    async def download(self, *, per_call: int = 10) -> list[tuple[str, Body]]:
        """The archives of all ids, paired by position; ids of requests that failed are kept for the
        next call."""
        pending, self.entries = self.entries, []
        parts = [pending[at : at + per_call] for at in range(0, len(pending), per_call)]
        found: list[tuple[str, Body]] = []
        for part in parts:
            ids = [entry_id for entry_id, _ in part]
            body = self._asked(self._download)
            body["query"]["and"][-1] = {"entry_id:any": ids}
            body["pagination"] = {"page_size": len(ids)}
            response = await self._native.post("/entries/archive/query", body)
            if response.status_code >= 400:
                self.failures.append(response.status_code)
                self.entries += part
                continue
            data = response.json()["data"]
            found += [(ids[at], data[at]) for at in range(len(ids))]  # an IndexError loses all
        return found

    def _asked(self, recorded: Recorded) -> Body:
        body = recorded.json
        if self._query is not None:
            body["query"]["and"][1] = self._query
        return body

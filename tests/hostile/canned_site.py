"""A site whose answers are ready bytes: what it costs to answer does not count as the gateway's."""

import re
from collections.abc import Iterator

import httpx
import orjson

from tests.whole.oases import make_line

_TOTAL = re.compile(rb'"page_size":0')


class CannedSite(httpx.AsyncBaseTransport):
    """So many structures of so many atoms; whatever is asked, all of them match."""

    def __init__(self, name: str, *, entries: int, atoms: int) -> None:
        self._ids = [f"{name}_{number:06}" for number in range(entries)]
        self._place = {one: place for place, one in enumerate(self._ids)}
        self._documents = [orjson.dumps(_document(one, atoms)) for one in self._ids]
        self._archives = [orjson.dumps(_archive(one, atoms)) for one in self._ids]
        self.largest_query = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer; pages go on after `page_after_value`."""
        content = request.content
        if request.url.path.endswith("/info"):
            return _said(b'{"version":"1.3.0"}')
        self.largest_query = max(self.largest_query, len(content))
        total = b'"pagination":{"total":%d}' % len(self._ids)
        if _TOTAL.search(content):
            return _said(b'{"data":[],%s}' % total)
        is_archive = request.url.path.endswith("/archive/query")
        held = self._archives if is_archive else self._documents
        chosen = b",".join(held[place] for place in self._places(content))
        return _said(b'{"data":[%s],%s}' % (chosen, total))

    def _places(self, content: bytes) -> Iterator[int]:
        body = orjson.loads(content)
        if b'"entry_id:any"' in content[-50_000:]:
            named = body["query"]["and"][0].get("entry_id:any")
            if named:
                return (self._place[one] for one in sorted(named))
        pagination = body["pagination"]
        after = pagination.get("page_after_value", "")
        first = next((at for at, one in enumerate(self._ids) if one > after), len(self._ids))
        return iter(range(first, min(first + pagination["page_size"], len(self._ids))))


def _said(content: bytes) -> httpx.Response:
    return httpx.Response(200, content=content, headers={"content-type": "application/json"})


def _document(entry_id: str, atoms: int) -> dict[str, object]:
    metadata = make_line(entry_id)["metadata"]
    optimade = metadata["optimade"]
    scalars = {name: value for name, value in optimade.items() if not isinstance(value, list)}
    return {**metadata, "optimade": {**scalars, "nsites": atoms, "elements": ["O", "Ti"]}}


def _archive(entry_id: str, atoms: int) -> dict[str, object]:
    line = make_line(
        entry_id,
        nsites=atoms,
        species_at_sites=["Ti", "O"] * (atoms // 2),
        cartesian_site_positions=[[0.123456789 * one, 1.5, 7e-10 * one] for one in range(atoms)],
    )
    return {"entry_id": entry_id, "archive": line}

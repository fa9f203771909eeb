"""CPU time and the longest piece on the event loop for pages of `/references`; needs no Oasis.

    PYTHONPATH=src python -m tests.bench.bench_references [REFERENCES_PER_SITE]

Three made-up sites answer at once from memory, so that nearly all that is measured is the gateway.
The longest piece is one turn of the event loop: on the first page it holds answers of all sites,
and Python's garbage collection.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import httpx
import orjson

from gateway.config import Config
from gateway.model import JsonObject, SearchRequest
from gateway.search import Federation

SITES = ("berlin", "munich", "dresden")
PAGE = 1_000
PROVIDER = {"prefix": "fed", "name": "Bench", "description": "Bench", "homepage": None}


class ReferenceSite(httpx.AsyncBaseTransport):
    """A NOMAD that has nothing but references; its answers are made beforehand."""

    def __init__(self, name: str, count: int) -> None:
        self._pages: dict[tuple[str, str | None], bytes] = {}
        texts = sorted(f"https://example.org/{name}/{n * 7919 % count:06}" for n in range(count))
        dois = sorted(f"10.17172/NOMAD/{name}-{n:06}" for n in range(count))
        for quantity, values in (("references", texts), ("datasets.doi", dois)):
            for at in range(0, count + 1, PAGE):
                after = values[at - 1] if at else None
                self._pages[quantity, after] = _page(quantity, values[at : at + PAGE])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The page asked for; everything else is empty."""
        body = orjson.loads(request.content) if request.content else {}
        terms = body.get("aggregations", {}).get("values", {}).get("terms", {})
        after = terms.get("pagination", {}).get("page_after_value")
        content = self._pages.get((terms.get("quantity"), after), b"{}")
        return httpx.Response(200, content=content, headers={"content-type": "application/json"})


def _page(quantity: str, values: list[str]) -> bytes:
    data = [{"value": value, "count": 3, "entries": _examples(quantity, value)} for value in values]
    return orjson.dumps({"aggregations": {"values": {"terms": {"data": data}}}})


def _examples(quantity: str, value: str) -> list[JsonObject]:
    if quantity == "references":
        return []
    dataset: JsonObject = {
        "doi": value,
        "dataset_name": f"Dataset {value}",
        "dataset_modified_time": "2024-01-01T00:00:00",
    }
    return [{"datasets": [dataset]}]


def main() -> None:
    """Print one line for each kind of page."""
    count = int(sys.argv[1]) // 2 if len(sys.argv) > 1 else 9_000
    asyncio.run(_measure(count))


async def _measure(count: int) -> None:
    sites = [{"name": name, "url": f"http://{name}.example/api/v1"} for name in SITES]
    config = Config.model_validate({"provider": PROVIDER, "sites": sites})
    transports = {name: ReferenceSite(name, count) for name in SITES}
    federation = Federation(config, transports=transports)
    await federation.open()
    print(f"{len(SITES)} sites with {2 * count} references each")
    await _row("first page, nothing cached", federation, SearchRequest("references"))
    await _row("the same page again", federation, SearchRequest("references"))
    first = await federation.search(SearchRequest("references"))
    assert first.next is not None
    await _row("next page", federation, SearchRequest("references", cursor=first.next.cursor))
    by_doi = SearchRequest("references", sort=(("doi", True),))
    await _row("sort=-doi", federation, by_doi)
    await _row("sort=-doi again", federation, by_doi)
    filtered = SearchRequest("references", filter='title CONTAINS "berlin" OR url CONTAINS "01"')
    await _row("a filter", federation, filtered)
    await _row("the same filter again", federation, filtered)
    await federation.close()


async def _row(title: str, federation: Federation, request: SearchRequest) -> None:
    cpu_ms, longest_ms, returned = await _watched(lambda: federation.search(request))
    print(f"{title:28} {cpu_ms:8.1f} ms CPU   longest piece {longest_ms:6.1f} ms   {returned}")


async def _watched(work: Callable[[], Awaitable[object]]) -> tuple[float, float, object]:
    """CPU milliseconds, the longest time that the loop was held, and how many matched."""
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    gaps.clear()
    began = time.process_time()
    answer = await work()
    spent = time.process_time() - began
    ticking.cancel()
    return 1000 * spent, 1000 * max(gaps), getattr(answer, "data_returned", None)


if __name__ == "__main__":
    main()

"""What the pages for people cost beyond the search itself, and how large they are.

The gateway and the demo Oases are in this process; the search itself is cut out by the clock.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from gzip import compress
from statistics import median

import httpx

from gateway.config import Config
from gateway.observe import Observer
from gateway.page.search.columns import FORMULA, columns_of
from gateway.properties import structures_catalogue
from gateway.search import Federation
from gateway.serve.app import build_app, opened
from tests.bench.measuring import Effort, Row
from tests.web.gateways import demo_at, open_oases

VIEWER = "/assets/any/vendor/3dmol/3Dmol.es6-min.js"
LARGE = "/entry/berlin~9GczdwbLPlLLhAymHDj_8H6zIOp3"
GOAL = "<= 20 ms"


class _Timed:
    """Adds up how long the searches take."""

    def __init__(self, federation: Federation) -> None:
        self._federation = federation
        self.spent = 0.0

    def __getattr__(self, name: str) -> object:
        return getattr(self._federation, name)

    async def search(self, request: object, *, scope: object) -> object:
        return await self._measured(self._federation.search(request))  # type: ignore[arg-type]

    async def entry(self, request: object, *, scope: object) -> object:
        return await self._measured(self._federation.entry(request))  # type: ignore[arg-type]

    async def _measured(self, answer: object) -> object:
        begun = time.perf_counter()
        try:
            return await answer  # type: ignore[misc]
        finally:
            self.spent += time.perf_counter() - begun


def pages(effort: Effort) -> Iterator[Row]:
    """Milliseconds beyond the search, and bytes compressed."""
    yield from asyncio.run(_measured(demo_at(), 20 if effort.is_quick else 60))


async def _measured(config: Config, times: int) -> list[Row]:
    timed = _Timed(Federation(config, transports=open_oases()))
    app = build_app(config, federation=timed, observer=Observer())  # type: ignore[arg-type]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(opened(app.state.served))
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test")
        )
        asked = {
            "search page, 20 rows": "/",
            "search page, 100 rows": "/?page_limit=100",
            "search page, 100 rows of 17 columns": f"/?page_limit=100&response_fields={_all()}",
            "entry page, 3D figure and all": LARGE,
        }
        rows = [Row(f"{name}: beyond the search", await _beyond(client, timed, path, times), GOAL)
                for name, path in asked.items()]  # fmt: skip
        landing = (await client.get("/")).content
        rows.append(Row("landing page, compressed", f"{_size(landing):,} bytes", "<= 10,000"))
        links = set(re.findall(rb'(?:href|src)="\.(/assets/[^"]+)"', landing))
        files = [(await client.get(link.decode())).content for link in links]
        rows.append(Row("its styles and scripts", f"{sum(map(_size, files)):,} bytes", "-"))
        viewer = (await client.get(VIEWER)).content
        rows.append(Row("viewer, on entry pages alone", f"{_size(viewer):,} bytes", "-"))
    return rows


async def _beyond(client: httpx.AsyncClient, timed: _Timed, path: str, times: int) -> str:
    taken = []
    for _ in range(times):
        begun, timed.spent = time.perf_counter(), 0.0
        (await client.get(path)).raise_for_status()
        taken.append(1000 * (time.perf_counter() - begun - timed.spent))
    return f"{median(taken):.1f} ms"


def _all() -> str:
    every = columns_of("demo", structures_catalogue("demo"), titles={})
    return ",".join(one.name for one in every if one.name != FORMULA)


def _size(content: bytes) -> int:
    return len(compress(content, 6))

"""A gateway over demo Oases in this process, and clients of it and of each Oasis alone."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
from starlette.types import ASGIApp

from gateway.serve.app import create_app
from tests.whole.lines import Line
from tests.whole.oases import make_config

Body: TypeAlias = dict[str, Any]
ADDRESS = "http://gateway.test"


@dataclass(frozen=True, slots=True)
class Native:
    """A gateway, the lines to its sites, and what stands at their other end."""

    client: httpx.AsyncClient
    lines: Mapping[str, Line]
    sites: Mapping[str, httpx.AsyncClient]
    federation: Any = None

    async def post(self, path: str, body: Body, *, view: str = "") -> httpx.Response:
        return await self.client.post(f"{view}/api/v1{path}", json=body)

    async def get(self, path: str, *, view: str = "", **more: Any) -> httpx.Response:
        return await self.client.get(f"{view}/api/v1{path}", **more)

    async def query(self, body: Body, *, view: str = "") -> Body:
        response = await self.post("/entries/query", body, view=view)
        assert response.status_code == 200, response.text
        return response.json()

    async def at(self, site: str, body: Body, path: str = "/entries/query") -> Body:
        response = await self.sites[site].post(f"/api/v1{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()


@asynccontextmanager
async def native_over(
    apps: Mapping[str, ASGIApp], *, are_oases: bool = True, **sections: Any
) -> AsyncIterator[Native]:
    """A gateway over these apps, each under `/api/v1` of a host of its own."""
    lines = {site: Line(httpx.ASGITransport(app)) for site, app in apps.items()}
    native = {"enabled": True, **sections.pop("native", {})}
    app = create_app(make_config(apps, native=native, **sections), transports=lines)
    sites = {
        site: httpx.AsyncClient(
            transport=httpx.ASGITransport(one), base_url=f"http://{site}.test", timeout=60
        )
        for site, one in apps.items()
    }
    wire = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=wire, base_url=ADDRESS, timeout=60) as client,
    ):
        if are_oases:
            await _looked_at(app.state.served.federation)
        for line in lines.values():
            line.asked.clear()
        yield Native(client, lines, sites, app.state.served.federation)
    for site in sites.values():
        await site.aclose()


async def _looked_at(federation: Any) -> None:
    for site in federation.sites:
        await federation.check(site.name)


async def walk(ask: Callable[[Body], Any], body: Body, *, most: int = 3000) -> list[Body]:
    """All documents, page after page, as a script does: by next_page_after_value."""
    documents: list[Body] = []
    pagination = dict(body.get("pagination", {}))
    while len(documents) < most:
        answer = await ask({**body, "pagination": pagination})
        documents += answer["data"]
        after = answer["pagination"].get("next_page_after_value")
        if after is None or not answer["data"]:
            return documents
        pagination = {**pagination, "page_after_value": after}
    raise AssertionError(f"the walk does not end: {body}")

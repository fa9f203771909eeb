"""A gateway over Oases that may be behind proxies, asked through HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import httpx
from starlette.types import ASGIApp

from gateway.cli.serving import address_of, open_socket, serving
from gateway.config import Config, ProviderKeys, SiteKeys
from gateway.serve.app import create_app
from tests.whole.demo_apps import app_of
from tests.whole.oases import DemoLine

Document: TypeAlias = dict[str, Any]
OWN = "_fed_"
WAIT_S = 100
"""What comes for certain, comes by then on the busiest machine."""
SMALL: dict[str, Any] = {"site_defaults": {"max_answer_bytes": 2**20}}
"""The shipped configuration, but for the size of what is too large: it is quickly sent."""


def make_config(addresses: Mapping[str, str], **sections: Any) -> Config:
    """A federation of those sites, without caches unless `sections` say so."""
    return Config(
        provider=ProviderKeys(prefix="fed", name="Tests", description="Behind faults."),
        sites=tuple(SiteKeys(name=name, url=url) for name, url in addresses.items()),
        **{"cache": {"backend": "none"}, **SMALL, **sections},
    )


@asynccontextmanager
async def oases(lines: Mapping[str, Sequence[DemoLine]]) -> AsyncIterator[dict[str, str]]:
    """Demo Oases over HTTP, by name; their API's addresses."""
    bound = {name: open_socket("127.0.0.1", 0) for name in lines}
    apps: list[tuple[ASGIApp, Any]] = [(app_of(held), bound[name]) for name, held in lines.items()]
    async with serving(apps):
        yield {name: address_of(one, "/api/v1") for name, one in bound.items()}


@asynccontextmanager
async def gateway(config: Config, *, known: Iterable[str] = ()) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway in this process; the `known` sites have been counted, and it is known
    what they hold copies of, so that no fault meets a request in the background."""
    app = create_app(config)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=WAIT_S) as client,
    ):
        for name in known:
            await until_known(client, name)
        if known:
            await app.state.served.federation.wait_for_copies()
        yield client


async def until_known(client: httpx.AsyncClient, name: str) -> None:
    """Wait for the first look at a site."""
    async with asyncio.timeout(WAIT_S):
        while True:
            sites = (await client.get("/health")).json()["sites"]
            if any(one["name"] == name and one["version"] for one in sites):
                return
            await asyncio.sleep(0.05)


def states_of(document: Document) -> dict[str, str]:
    """What each site did."""
    return {one["name"]: one["state"] for one in document["meta"][f"{OWN}sites"]}


def warnings_of(document: Document, code: str) -> list[str]:
    """The texts of the warnings of one kind."""
    warnings = document["meta"].get("warnings", [])
    return [one["detail"] for one in warnings if one.get("code") == OWN + code]


def ids_of(document: Document) -> list[str]:
    """The entries of a page."""
    return [one["id"] for one in document["data"]]

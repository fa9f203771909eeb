"""Gateways over the demo Oases, served in this process: whole, with a site away, behind a path."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from gateway.cli.demo import demo_config
from gateway.cli.serving import address_of, open_socket, serving
from gateway.config import Config
from gateway.demo import DEMO_SITES, create_demo_oasis
from gateway.serve.app import create_app

PREFIX = "/data/optimade"
AWAY = "munich"


class Away(httpx.AsyncBaseTransport):
    """The line to a site that is switched off."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("switched off", request=request)


def open_oases() -> dict[str, httpx.AsyncBaseTransport]:
    """The demo Oases; their data are read once for all tests."""
    return {
        site.name: httpx.ASGITransport(create_demo_oasis(site.name, path="/nomad-oasis"))
        for site in DEMO_SITES
    }


@asynccontextmanager
async def running(
    oases: Mapping[str, httpx.AsyncBaseTransport], *, away: str | None = None, prefix: str = ""
) -> AsyncIterator[str]:
    """A gateway; gives its base URL without a slash at the end. Behind a prefix it is as behind a
    proxy that leaves the prefix in."""
    own = open_socket("127.0.0.1", 0)
    address = f"{address_of(own)}{prefix}"
    lines = {name: Away() if name == away else oasis for name, oasis in oases.items()}
    app = create_app(demo_at(address if prefix else None), transports=lines)
    async with serving([(app, own)]):
        await app.state.served.federation.wait_for_copies()
        yield address


def demo_at(public_url: str | None = None) -> Config:
    """The configuration of the demo, whose Oases are lines within this process."""
    config = demo_config({site.name: f"http://{site.name}.example" for site in DEMO_SITES})
    server = config.server.model_copy(update={"public_url": public_url})
    return config.model_copy(update={"server": server})

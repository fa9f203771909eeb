"""The demo in this process: its Oases, and the gateway over them under the address of the docs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest

from gateway.cli.demo import demo_config
from gateway.demo import DEMO_SITES, create_demo_oasis
from gateway.serve.app import create_app

ADDRESS = "http://127.0.0.1:8080"


class Silent(httpx.AsyncBaseTransport):
    """The way to a site that does not answer."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)


@pytest.fixture(scope="session")
def oases() -> Mapping[str, httpx.AsyncBaseTransport]:
    """The ways to the demo's Oases, by name."""
    return {site.name: httpx.ASGITransport(create_demo_oasis(site.name)) for site in DEMO_SITES}


@pytest.fixture
async def demo(oases: Mapping[str, httpx.AsyncBaseTransport]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the demo's gateway."""
    async with gateway_over(oases) as client:
        yield client


@pytest.fixture
async def without_munich(
    oases: Mapping[str, httpx.AsyncBaseTransport],
) -> AsyncIterator[httpx.AsyncClient]:
    """The same while munich does not answer."""
    async with gateway_over({**oases, "munich": Silent()}) as client:
        yield client


@asynccontextmanager
async def gateway_over(
    oases: Mapping[str, httpx.AsyncBaseTransport],
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(demo_config({name: f"http://{name}.test" for name in oases}), transports=oases)
    wire = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=wire, base_url=ADDRESS, timeout=30) as client,
    ):
        await app.state.served.federation.wait_for_copies()
        yield client

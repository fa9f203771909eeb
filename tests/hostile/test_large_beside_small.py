"""Callers who ask a site for the largest pages take nothing from who asks it for small ones."""

import asyncio
import itertools

import httpx

from gateway.serve.app import create_app
from tests.hostile.canned_site import CannedSite
from tests.whole.oases import make_config

SITES = ("berlin", "dresden")
ATTACKERS, PAGES = 12, 12


class SlowSite(CannedSite):
    """What others have answered is held until this one has."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return await super().handle_async_request(request)


async def test_small_pages_are_whole_beside_large_ones() -> None:
    """Of the same site, with 400 atoms in each structure; the large ones may be cut short."""
    timeouts = {"budget_s": 60, "longest_s": 60}
    config = make_config(SITES, cache={"backend": "none"}, timeouts=timeouts)
    sites = {
        "berlin": CannedSite("berlin", entries=1000, atoms=400),
        "dresden": SlowSite("dresden", entries=1000, atoms=2),
    }
    app = create_app(config, transports=sites)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=120) as client,
    ):

        async def attack(number: int) -> None:
            for turn in itertools.count():
                filter_ = f"nsites>{1000 * number + turn}"
                await client.get(f"/v1/structures?page_limit=500&filter={filter_}")

        attacking = [asyncio.create_task(attack(number)) for number in range(ATTACKERS)]
        try:
            for turn in range(PAGES):
                await asyncio.sleep(0.3)  # the large ones go on
                path = f"/sites/berlin/v1/structures?page_limit=10&filter=nsites<{1000 + turn}"
                answer = await client.get(path)
                assert answer.status_code == 200, answer.text
                states = {one["name"]: one["state"] for one in answer.json()["meta"]["_fed_sites"]}
                assert states["berlin"] == "ok", answer.json()["meta"]["_fed_sites"]
        finally:
            for task in attacking:
                task.cancel()
            await asyncio.gather(*attacking, return_exceptions=True)

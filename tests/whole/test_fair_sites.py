"""A site's slots are shared among clients: a crowd keeps others waiting for one answer alone."""

import asyncio
import re

import httpx

from gateway.serve.app import create_app
from tests.hostile.canned_site import CannedSite
from tests.whole.oases import make_config

MARK = re.compile(rb"77(\d\d)")
"""Who asks, as a number in the filter."""


class OneByOne(CannedSite):
    """Keeps who asked, in the order in which it was asked; answers once it is let."""

    def __init__(self) -> None:
        super().__init__("berlin", entries=10, atoms=2)
        self.order: list[str] = []
        self.answering = asyncio.Semaphore(0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer; what the gateway asks on its own behalf is answered at once."""
        if found := MARK.search(request.content):
            self.order.append(found[1].decode())
            await self.answering.acquire()
        return await super().handle_async_request(request)


async def test_a_newcomer_is_next() -> None:
    """Of two clients, whoever has fewer requests under way, and not the one with more in line."""
    site = OneByOne()
    config = make_config(
        ["berlin"],
        site_defaults={"attempts": 1, "concurrency": 2},
        server={"trusted_proxies": ["127.0.0.1"]},
    )
    app = create_app(config, transports={"berlin": site})
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=60) as client,
    ):

        def ask(address: str, mark: int) -> "asyncio.Task[httpx.Response]":
            path = f"/v1/structures?response_fields=nsites&filter=nsites<77{mark}"
            headers = {"X-Forwarded-For": address}
            return asyncio.create_task(client.get(path, headers=headers))

        async def until_asked(count: int) -> None:
            async with asyncio.timeout(30):
                while len(site.order) < count:
                    await asyncio.sleep(0.01)

        crowd = [ask("192.0.2.1", 10 + one) for one in range(8)]
        await until_asked(2)
        await asyncio.sleep(0.1)
        newcomer = ask("192.0.2.2", 99)
        await asyncio.sleep(0.1)
        site.answering.release()
        await until_asked(3)
        assert site.order[2] == "98"  # less than 7799
        for _ in range(100):
            site.answering.release()
        answers = await asyncio.gather(newcomer, *crowd)
        assert {answer.status_code for answer in answers} == {200}

"""More requests than places, clients that leave or read slowly: over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from gateway.cli.serving import address_of, open_socket, serving
from gateway.serve.app import create_app
from tests.faults.gateways import WAIT_S, make_config, oases, until_known
from tests.faults.proxy import Exchange, Fault, Proxy, hang, honest, proxies
from tests.whole.oases import make_line

LINES = {"only": [make_line(f"e{number:03d}") for number in range(30)]}
ADMISSION = {"max_requests": 2, "queue_s": 0.2}


@asynccontextmanager
async def served(**sections: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Proxy, int]]:
    """A client of a gateway over HTTP, the proxy before its site, and the gateway's port."""
    async with oases(LINES) as addresses, proxies(addresses) as standing:
        config = make_config({name: one.url for name, one in standing.items()}, **sections)
        bound = open_socket("127.0.0.1", 0)
        port = bound.getsockname()[1]
        async with (
            serving([(create_app(config), bound)]),
            httpx.AsyncClient(base_url=address_of(bound), timeout=WAIT_S) as client,
        ):
            await until_known(client, "only")
            yield client, standing["only"], port


def gated(released: asyncio.Event) -> Fault:
    """Answers once it is let."""

    async def fault(exchange: Exchange) -> None:
        await released.wait()
        await honest(exchange)

    return fault


async def eventually(holds: Any) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("path", ["/v1/structures", "/v1/structures/only~e003"])
async def test_a_client_that_leaves_ends_the_questions(path: str) -> None:
    """The site sees the end of its connection, and the place is free again."""
    async with served(admission={"max_requests": 1, "queue_s": 0.2}) as (client, proxy, _):
        proxy.break_with(hang)
        with pytest.raises(httpx.ReadTimeout):
            await client.get(path, timeout=httpx.Timeout(WAIT_S, read=0.3))
        await eventually(lambda: proxy.broken_off and not proxy.open)
        proxy.break_with(None)
        assert (await client.get("/v1/structures")).status_code == 200


async def test_too_many_requests() -> None:
    """Who finds no place in time gets 429 with Retry-After; before that, a request_delay."""
    async with served(admission=ADMISSION) as (client, proxy, _):
        released = asyncio.Event()
        proxy.break_with(gated(released))
        holding = [
            asyncio.create_task(
                client.get(f"/v1/structures?filter=nsites={number}&response_fields=nsites")
            )
            for number in range(2)
        ]
        await eventually(lambda: proxy.open == 2)
        refused = await client.get("/v1/structures")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["meta"]["request_delay"] > 0
        metrics = (await client.get("/metrics")).text
        assert "gateway_requests_waiting 0.0" in metrics
        assert 'gateway_site_requests_waiting{site="only"} 0.0' in metrics
        assert (await client.get("/health")).status_code == 200
        released.set()
        answers = await asyncio.gather(*holding)
        assert [answer.status_code for answer in answers] == [200, 200]


async def test_equal_questions_are_asked_once() -> None:
    """Twenty callers at once, one question to the site."""
    all_came = asyncio.Event()
    async with served() as (client, proxy, _):
        proxy.break_with(gated(all_came))
        before = len(proxy.asked)
        url = "/v1/structures?response_fields=nsites"
        asking = [asyncio.create_task(client.get(url)) for _ in range(20)]
        while "gateway_requests_under_way 21.0" not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.02)
        all_came.set()
        answers = await asyncio.gather(*asking)
        assert {answer.status_code for answer in answers} == {200}
        assert len(proxy.asked) == before + 1


async def test_a_client_that_reads_nothing_holds_no_place() -> None:
    """Its answer waits in its own connection; the others are served."""
    async with served(admission={"max_requests": 1, "queue_s": 0.2}) as (client, proxy, port):
        readers = []
        for _ in range(5):
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(b"GET /v1/structures?page_limit=30 HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
            readers.append(writer)
        await asyncio.sleep(0.3)
        async with asyncio.timeout(WAIT_S):
            while (await client.get("/v1/structures")).status_code != 200:
                await asyncio.sleep(0.05)
        await eventually(lambda: proxy.open == 0)
        for writer in readers:
            writer.transport.abort()

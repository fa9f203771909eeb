"""The largest filters, pages, streams and downloads at once, over sites with large structures and
one that does its worst: memory is bounded, and who asks for little gets it."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import httpx

from tests.free_port import free_port
from tests.hostile.server import raw_client
from tests.hostile.test_hostile_sites import all_known, configured, peak_of, sites
from tests.hostile.test_process_limits import PROMISED_BYTES, process
from tests.plan.shapes import large_filters

CALLERS, STREAMS = 64, 16
LASTS_S = 10
LARGE = "/v1/structures?page_limit=500"
NAMES = ",".join(f"_exmpl_{number}" for number in range(490))


def largest_requests() -> Iterator[str]:
    """One of each kind in turn, the filters in ever new places of the list."""
    filters = [quote(text) for _, text in large_filters()]
    for turn in itertools.count():
        filter_ = filters[7 * turn % len(filters)]
        yield f"{LARGE}&filter={filter_}"
        yield f"{LARGE}&filter=nsites>{turn}"
        yield f"{LARGE}&filter=nsites>{turn}&response_fields={NAMES}"
        yield f"/v1/structures?response_format=_fed_csv&filter=nsites>{turn}"
        yield f"/v1/structures?response_format=_fed_jsonl&filter={filter_}"


async def attack(client: httpx.AsyncClient, requests: Iterator[str]) -> None:
    """Ask for the largest answers, one after the other."""
    for path in requests:
        with suppress(httpx.TransportError):
            async with client.stream("GET", path) as answer:
                async for _ in answer.aiter_raw():
                    pass


async def test_memory_and_small_pages(tmp_path: Path) -> None:
    """Below 400 MB; a small page of a site, asked for from another address, is whole."""
    path, port = tmp_path / "gateway.yaml", free_port()
    serve = ("-m", "gateway", "serve", "--config", str(path), "--port", str(port))
    limits = httpx.Limits(max_connections=CALLERS)
    crowd = httpx.AsyncHTTPTransport(local_address="127.0.0.2", limits=limits)
    async with (
        sites("berlin", "dresden", module="heavy_sites") as (berlin, dresden),
        sites("all") as (bad,),
    ):
        configured(path, {"berlin": berlin, "dresden": dresden, "bad": bad})
        base = f"http://127.0.0.1:{port}"
        async with (
            process(*serve, port=port) as (running, client),
            httpx.AsyncClient(transport=crowd, base_url=base, timeout=60) as attackers,
        ):
            await all_known(client)
            readers = [await raw_client(port, receive_bytes=4096) for _ in range(STREAMS)]
            for one in readers:
                one.send(
                    b"GET /v1/structures?response_format=_fed_jsonl HTTP/1.1\r\nHost: x\r\n\r\n"
                )
                one.writer.transport.pause_reading()
            requests = largest_requests()
            attacking = [asyncio.create_task(attack(attackers, requests)) for _ in range(CALLERS)]
            until, turn = asyncio.get_running_loop().time() + LASTS_S, 0
            try:
                while asyncio.get_running_loop().time() < until or turn < 3:
                    await small_page(client, turn := turn + 1)
                    await asyncio.sleep(0.05)
            finally:
                for task in attacking:
                    task.cancel()
                await asyncio.gather(*attacking, return_exceptions=True)
                for one in readers:
                    one.close()
            assert peak_of(running.pid) < PROMISED_BYTES


async def small_page(client: httpx.AsyncClient, turn: int) -> None:
    """All its entries are there; on a busy machine archives can be late."""
    answer = await client.get(
        f"/sites/berlin/v1/structures?page_limit=5&filter=nsites<{1000 + turn}"
    )
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert len(document["data"]) == 5

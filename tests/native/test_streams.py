"""Large answers over real sockets: one that cannot be finished is a broken transfer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from gateway.cli.serving import address_of, open_socket, serving
from gateway.native.searches import streamed
from gateway.serve.app import create_app
from tests.faults.gateways import make_config, oases, until_known
from tests.faults.proxy import (
    Exchange,
    Fault,
    Proxy,
    close_unanswered,
    drop,
    hang,
    honest,
    proxies,
    refuses,
    spoilt,
)
from tests.native.gateways import Body
from tests.whole.oases import make_line

LINES = {
    site: [make_line(f"{site}{number:03d}", upload_id=site) for number in range(150)]
    for site in ("a", "b")
}
BODY: Body = {"pagination": {"page_size": 300}, "required": {"metadata": "*"}}
FAULTS: dict[str, Fault] = {
    "401": refuses(401),
    "422": refuses(422),
    "500": refuses(500),
    "503": refuses(503),
    "closed": close_unanswered,
    "drop": drop,
    "hang": hang,
    "garbage": spoilt(lambda _: b"{}"),
}


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[str, dict[str, Proxy]]]:
    """The address of a gateway, and what stands before its sites."""
    async with oases(LINES) as addresses, proxies(addresses) as standing:
        config = make_config(
            {name: one.url for name, one in standing.items()},
            timeouts={"budget_s": 2, "site_s": 3, "longest_s": 5},
            site_defaults={"attempts": 1},
        )
        own = open_socket("127.0.0.1", 0)
        async with serving([(create_app(config), own)], config=config):
            address = address_of(own)
            async with httpx.AsyncClient(base_url=address) as client:
                for site in LINES:
                    await until_known(client, site)
            yield address, standing


def after(count: int, fault: Fault) -> Fault:
    """Honest to so many questions, then not."""
    left = [count]

    async def exchange_with(exchange: Exchange) -> None:
        left[0] -= 1
        await (honest if left[0] >= 0 else fault)(exchange)

    return exchange_with


@pytest.mark.parametrize("name", FAULTS)
async def test_a_site_dies_within_an_answer(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client sees a broken transfer, not a short answer; nothing is logged as an error of the
    gateway's own, and the next request is answered."""
    monkeypatch.setattr(streamed, "BEGIN_BYTES", 1_000)
    monkeypatch.setattr(streamed, "PAUSES_S", (0.01, 0.01))
    monkeypatch.setattr("gateway.native.searches.part_reading.LEAST_PART_S", 1.0)
    caplog.set_level("WARNING")
    async with opened() as (address, standing):
        url = f"{address}/api/v1/entries/archive/query"
        async with httpx.AsyncClient(timeout=60) as client:
            whole = (await client.post(url, json=BODY)).json()
            assert len(whole["data"]) == 300
            standing["b"].break_with(after(1, FAULTS[name]), "bodies")
            caplog.clear()
            with pytest.raises(httpx.RemoteProtocolError):
                await client.post(url, json=BODY)
            await asyncio.sleep(0.1)
            assert [
                one.getMessage() for one in caplog.records if one.name.startswith("gateway")
            ] == ["an answer broke off"]
            standing["b"].break_with(None)
            assert (await client.get(f"{address}/v1/info")).status_code == 200

"""Searches in NOMAD's own API that are as large, or count as much, as they may: memory bounded, and
other callers answered all the while."""

import asyncio
import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.free_port import free_port
from tests.hostile.test_hostile_sites import all_known, configured, peak_of, sites
from tests.hostile.test_process_limits import PROMISED_BYTES, process

CALLERS, LASTS_S, SLOW_S = 32, 6, 20.0
IDS = [f"{at:028}" for at in range(65_000)]


def terms(count: int, size: int) -> dict[str, Any]:
    one = {"terms": {"quantity": "upload_id", "size": size}}
    return {f"a{at}": one for at in range(count)}


KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "all ids, once": lambda turn: {"query": {"entry_id:any": IDS}},
    "all ids, 20 times": lambda turn: {
        "query": {"entry_id:any": IDS},
        "aggregations": terms(20, 10),
    },
    "many ids, 20 times": lambda turn: {
        "query": {"entry_id:any": IDS[:9_000]},
        "aggregations": terms(20, 10),
    },
    "a long text": lambda turn: {
        "aggregations": {
            "a": {"terms": {"quantity": "x", "pagination": {"page_after_value": "x" * 3_900_000}}}
        }
    },
    "many values": lambda turn: {
        "query": {"mainfile": str(turn)},
        "aggregations": terms(20, 10_000),
    },
}


async def attack(client: httpx.AsyncClient, body: Callable[[int], dict[str, Any]]) -> None:
    """Ask again and again."""
    for turn in itertools.count():
        content = await asyncio.to_thread(lambda at=turn: json.dumps(body(at)).encode())
        with suppress(httpx.TransportError):
            await client.post("/api/v1/entries/query", content=content)


@pytest.mark.parametrize("kind", KINDS)
async def test_native_bodies(tmp_path: Path, kind: str) -> None:
    """32 callers of one kind: below 400 MB, and a page of structures comes all the while."""
    path, port = tmp_path / "gateway.yaml", free_port()
    serve = ("-m", "gateway", "serve", "--config", str(path), "--port", str(port))
    async with sites("good", "good", "good") as ports:
        configured(path, {f"good-{number}": one for number, one in enumerate(ports)})
        address, most = f"http://127.0.0.1:{port}", httpx.Limits(max_connections=CALLERS)
        async with (
            process(*serve, port=port) as (running, client),
            httpx.AsyncClient(base_url=address, timeout=30, trust_env=False, limits=most) as crowd,
        ):
            await all_known(client)
            attacking = [asyncio.create_task(attack(crowd, KINDS[kind])) for _ in range(CALLERS)]
            loop = asyncio.get_running_loop()
            until, answered = loop.time() + LASTS_S, 0
            try:
                while loop.time() < until:
                    async with asyncio.timeout(SLOW_S):
                        response = await client.get(f"/v1/structures?filter=nsites>{answered}")
                    assert response.status_code == 200, response.text
                    answered += 1
                    await asyncio.sleep(0.05)
            finally:
                for task in attacking:
                    task.cancel()
                await asyncio.gather(*attacking, return_exceptions=True)
            assert answered
            assert peak_of(running.pid) < PROMISED_BYTES

"""Clients that do not read their answers: neither memory nor slots are theirs."""

import asyncio
from dataclasses import replace

import pytest

from gateway.config import AdmissionKeys, ConnectionKeys
from gateway.model import Resource
from gateway.serve.downloads.json_lines import REMEMBERED, JsonLines
from tests.hostile.server import MIB, eventually, heavy_structure, served
from tests.serve.conftest import FakeFederation

STREAM = "/v1/structures?response_format=_fed_jsonl"
PAGE = "/v1/structures?page_limit=500"


class HeavyFederation(FakeFederation):
    """Pages of megabytes."""

    def page(self, offset: int, limit: int):  # type: ignore[no-untyped-def]
        page = super().page(offset, min(limit, 1))
        one = heavy_structure(offset, atoms=600)
        return replace(page, resources=(one,) * limit)


def heavy() -> FakeFederation:
    return HeavyFederation(total=10**6)


async def test_a_stream_that_nobody_reads_ends() -> None:
    """It is cut off, and its slot is free again; meanwhile others are refused at once."""
    keys = ConnectionKeys(write_s=0.8)
    admission = AdmissionKeys(max_streams=2)
    federation = heavy()
    async with served(federation, connections=keys, admission=admission) as gateway:
        for _ in range(2):
            await gateway.slow_reader(STREAM)
        admission_of_app = gateway.app.state.served.admission
        await eventually(lambda: admission_of_app.open_streams == 2)
        asked = len(federation.asked)
        refused = await gateway.client.get(STREAM)
        assert refused.status_code == 429
        assert len(federation.asked) == asked  # refused before it costs anything
        await eventually(lambda: admission_of_app.open_streams == 0)
        await eventually(lambda: gateway.connections.held_bytes < MIB)


@pytest.mark.parametrize("path", [STREAM, PAGE])
async def test_memory(path: str) -> None:
    """Answers that nobody takes hold no more than allowed, all together."""
    keys = ConnectionKeys(max_held_bytes=24 * MIB)
    admission = AdmissionKeys(max_streams=20)
    async with served(heavy(), connections=keys, admission=admission) as gateway:
        for _ in range(12):
            await gateway.slow_reader(path)
        largest = 0
        for _ in range(40):
            assert (await gateway.client.get("/health")).status_code == 200
            largest = max(largest, gateway.connections.held_bytes)
        await eventually(lambda: gateway.connections.held_bytes <= 24 * MIB)
        assert largest < 60 * MIB
        answer = await gateway.client.get("/v1/structures?page_limit=1")
        assert answer.status_code == 200


@pytest.mark.parametrize("path", [STREAM, PAGE])
async def test_what_is_made_and_not_yet_handed_over_counts(path: str) -> None:
    """The rest of a page that waits for its client, not only what the connection has of it."""
    keys = ConnectionKeys(max_held_bytes=1024 * MIB, write_s=600)
    async with served(heavy(), connections=keys) as gateway:
        await gateway.slow_reader(path)
        await eventually(lambda: gateway.connections.held_bytes > 2 * MIB)


async def test_a_whole_answer_that_nobody_reads_ends() -> None:
    """Also an answer that was handed to the connection as a whole is not kept for ever."""
    async with served(heavy(), connections=ConnectionKeys(write_s=0.8)) as gateway:
        await gateway.slow_reader(PAGE)
        await eventually(lambda: len(gateway.connections) == 1)
        await eventually(lambda: len(gateway.connections) == 0)


async def test_a_reader_that_is_slow_but_reads_gets_everything() -> None:
    """Taking an answer bit by bit for longer than `write_s` is allowed."""
    async with served(heavy(), connections=ConnectionKeys(write_s=0.4)) as gateway:
        size = 0
        async with gateway.client.stream(
            "GET", PAGE, headers={"Accept-Encoding": "identity"}
        ) as answer:
            async for piece in answer.aiter_raw():
                size += len(piece)
                if size < 4 * MIB:
                    await asyncio.sleep(0.01)
        assert size == int(answer.headers["content-length"])


async def test_what_a_stream_remembers_is_bounded() -> None:
    """Included resources are sent once, as far as the last ten thousand are remembered."""
    lines = JsonLines.__new__(JsonLines)
    lines._included = {}
    sent = 0
    for number in range(0, 3 * REMEMBERED, 500):
        included = [Resource("references", f"r{one}", {}) for one in range(number, number + 500)]
        sent += len(lines._not_yet_sent(included))
        assert lines._not_yet_sent(included) == []
        assert len(lines._included) <= REMEMBERED
    assert sent == 3 * REMEMBERED

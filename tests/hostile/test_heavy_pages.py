"""Pages of large structures: shaped, written and compressed in slices, and few at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random

import pytest

from gateway.config import AdmissionKeys, ConnectionKeys
from gateway.model import Entry, Json, JsonObject, Resource, SearchAnswer, Site
from gateway.properties import structures_catalogue
from gateway.search import TimeSlices
from gateway.shape import shape_structure
from tests.hostile.loop_watch import LONGEST_S, watch_loop
from tests.hostile.server import MIB, Served, heavy_structure, served
from tests.serve.conftest import FakeFederation

PAGE = "/v1/structures?page_limit=500"
BERLIN = Site("berlin", "http://berlin.example/api/v1", "Berlin")
STREAM = "/v1/structures?response_format=_fed_jsonl"


def varied_structure(number: int, *, atoms: int) -> Resource:
    """One whose positions are like no other's: equal ones are packed in no time."""
    random = Random(number)
    structure = heavy_structure(number, atoms=atoms)
    positions: list[Json] = [[random.random() * 10 for _ in "xyz"] for _ in range(atoms)]
    changed: JsonObject = {**structure.attributes, "cartesian_site_positions": positions}
    return replace(structure, attributes=changed)


class HeavyFederation(FakeFederation):
    """Pages of structures with 400 atoms each."""

    def __init__(self) -> None:
        super().__init__(total=1000)
        self.all = tuple(varied_structure(number, atoms=400) for number in range(500))

    def page(self, offset: int, limit: int) -> SearchAnswer:
        resources: tuple[Resource, ...] = self.all[: min(limit, self.total - offset)]
        return replace(super().page(offset, 1), resources=resources, more=False, next=None)


@pytest.fixture
async def gateway() -> AsyncIterator[Served]:
    admission = AdmissionKeys(queue_s=60)
    connections = ConnectionKeys(max_held_bytes=1024 * MIB)
    async with served(HeavyFederation(), admission=admission, connections=connections) as running:
        yield running


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize("path", [PAGE, STREAM])
async def test_one_page(gateway: Served, path: str, encoding: str) -> None:
    """Nothing holds the event loop for long, however the answer is compressed."""
    with watch_loop() as watch:
        async with gateway.client.stream(
            "GET", path, headers={"Accept-Encoding": encoding}
        ) as answer:
            assert answer.status_code == 200
            async for _ in answer.aiter_raw():
                pass
    watch.check()


async def test_many_pages(gateway: Served) -> None:
    """While many come at once, the loop turns often: /health waits for a few slices."""

    async def ask() -> None:
        headers = {"Accept-Encoding": "identity"}
        async with gateway.client.stream("GET", PAGE, headers=headers) as answer:
            assert answer.status_code == 200
            async for _ in answer.aiter_raw():
                pass

    asking = [asyncio.create_task(ask()) for _ in range(12)]
    cpu: list[float] = []
    while not all(one.done() for one in asking):
        began = time.thread_time()
        assert (await gateway.client.get("/health")).status_code == 200
        cpu.append(time.thread_time() - began)  # this thread's: client and server share it
    await asyncio.gather(*asking)
    assert sorted(cpu)[len(cpu) // 2] < 5 * LONGEST_S


async def test_shaping_is_cut_into_slices() -> None:
    """500 archives of 400 atoms are shaped with breaks, and in their order."""
    atoms = 400
    optimade = {
        "nsites": atoms,
        "lattice_vectors": [[1e-10, 0, 0], [0, 1e-10, 0], [0, 0, 1e-10]],
        "cartesian_site_positions": [[one * 1e-11, 0.5, 0.25] for one in range(atoms)],
        "species_at_sites": ["Si"] * atoms,
        "species": [{"name": "Si", "chemical_symbols": ["Si"], "concentration": [1.0]}],
    }
    entries = [
        Entry("berlin", f"e{number}", {}, {"optimade": optimade})  # type: ignore[dict-item]
        for number in range(500)
    ]
    catalogue = structures_catalogue("fed")
    fields = ("nsites", "cartesian_site_positions", "species_at_sites", "lattice_vectors")

    def shape(entry: Entry) -> str:
        resource, _ = shape_structure(
            entry, fields=fields, catalogue=catalogue, prefix="fed", site=BERLIN
        )
        return resource.id

    with watch_loop() as watch:
        shaped = await asyncio.create_task(TimeSlices().map(shape, entries))
    assert shaped == [f"berlin~e{number}" for number in range(500)]
    watch.check()


async def test_long_work_waits_for_its_turn() -> None:
    """Two long pieces of work run one after the other, short ones in between."""
    slices, order = TimeSlices(), []

    def work(name: str) -> None:
        order.append(name)
        time.sleep(0.004)

    long = [asyncio.create_task(slices.map(work, [name] * 12)) for name in "ab"]
    await asyncio.sleep(0)
    await slices.map(work, ["short"])
    await asyncio.gather(*long)
    assert order.index("short") < 10
    tail = order[order.index("short") + 1 :]
    assert "".join(tail) == "a" * tail.count("a") + "b" * tail.count("b")

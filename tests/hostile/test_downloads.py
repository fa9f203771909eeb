"""Downloads that fail, are left, or are large: over real connections."""

import asyncio
import gc
import io
import logging
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import httpx
import pytest

from gateway.errors import SitesMissingError
from gateway.model import EntryRequest, Resource, SearchAnswer, SearchRequest
from gateway.search import MemoryScope
from gateway.serve.hot_reload.reloading import tune_garbage_collector
from gateway.serve.request.formats import MOST_FILES, MOST_FRAMES
from gateway.write import MOST_ATOMS
from tests.hostile.loop_watch import LoopWatch, watch_loop
from tests.hostile.server import eventually, served
from tests.serve.conftest import FakeFederation

LISTING = "/v1/structures?response_format=_fed_"
ALL = ("csv", "cif", "xyz", "poscar")
LONGEST_S = 0.05


def crystal(number: int, *, atoms: int) -> Resource:
    random, row = Random(number), math.ceil(atoms ** (1 / 3))
    edge = 2.5 * row
    positions = [
        [2.5 * cell + random.random() for cell in (at % row, at // row % row, at // row**2)]
        for at in range(atoms)
    ]
    return Resource(
        "structures",
        f"berlin~entry_{number}",
        {
            "dimension_types": [1, 1, 1],
            "lattice_vectors": [[edge, 0.0, 0.0], [0.1, edge, 0.0], [0.0, 0.2, edge]],
            "cartesian_site_positions": positions,  # type: ignore[dict-item]
            "species_at_sites": ["Si"] * atoms,
            "species": [{"name": "Si", "chemical_symbols": ["Si"], "concentration": [1.0]}],
            "structure_features": [],
        },
    )


@dataclass
class Crystals(FakeFederation):
    """Pages of one crystal again and again, under ids of their own."""

    atoms: int = 2
    fails_at: int | None = None
    """From this offset on a site is missing."""
    late_at: int | None = None
    """From this offset on archives are not read in time."""

    async def search(self, request: SearchRequest, *, scope: MemoryScope) -> SearchAnswer:
        answer = await super().search(request)
        offset = int((request.cursor or "at_0").removeprefix("at_"))
        if self.fails_at is not None and offset >= self.fails_at:
            raise SitesMissingError("munich is gone.", sites=("munich",), retry_after_s=5)
        is_late = self.late_at is not None and offset >= self.late_at
        one = replace(crystal(1, atoms=self.atoms), missing="late" if is_late else None)
        return replace(
            answer, resources=tuple(replace(one, id=other.id) for other in answer.resources)
        )

    async def entry(self, request: EntryRequest, *, scope: MemoryScope) -> SearchAnswer:
        return SearchAnswer((crystal(1, atoms=self.atoms),))


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("name", ALL)
async def test_a_failed_download_is_seen(
    name: str, encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets an error, not a short file; the log has one line of it and no trace."""
    async with served(Crystals(total=1000, fails_at=600)) as gateway:
        with pytest.raises(httpx.TransportError):
            await gateway.client.get(LISTING + name, headers={"Accept-Encoding": encoding})
        assert (await gateway.client.get("/health")).status_code == 200
    loud = [one for one in caplog.records if one.levelno > logging.INFO]
    assert ["download broken off" in one.getMessage() for one in loud] == [True]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("late_at", [0, 600])
async def test_late_archives_are_no_gaps(name: str, late_at: int) -> None:
    """An entry whose archive was not read in time is neither left out nor half there: the download
    is refused before it begins, or breaks off."""
    async with served(Crystals(total=1000, late_at=late_at)) as gateway:
        if late_at:
            with pytest.raises(httpx.TransportError):
                await gateway.client.get(LISTING + name)
            return
        answer = await gateway.client.get(LISTING + name)
        assert answer.status_code == 503
        assert "were not read in time" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("name", ALL)
async def test_a_client_that_leaves(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Its download stops where it is, and nothing of it is left or logged as an error."""
    async with served(Crystals(total=15_000)) as gateway:
        client = await gateway.raw_client()
        client.send(f"GET {LISTING}{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await eventually(lambda: len(gateway.federation.asked) > 3)
        client.close()
        await eventually(lambda: gateway.app.state.served.admission.open_streams == 0)
        asked = len(gateway.federation.asked)
        await asyncio.sleep(0.1)
        assert len(gateway.federation.asked) == asked < 75
    assert not [one for one in caplog.records if one.levelno > logging.INFO]


@pytest.mark.parametrize(
    ("name", "most"), [("cif", MOST_FILES), ("poscar", MOST_FILES), ("xyz", MOST_FRAMES)]
)
async def test_too_many_entries(name: str, most: int) -> None:
    """What an archive cannot list is refused before it begins, with the limit."""
    async with served(Crystals(total=most + 1)) as gateway:
        answer = await gateway.client.get(LISTING + name)
    assert answer.status_code == 400
    assert f"at most {most}" in answer.json()["errors"][0]["detail"]


@pytest.fixture
def calm() -> Iterator[None]:
    """The garbage collector as a worker has it; it goes on leaving alone what it left alone."""
    before = gc.get_threshold()
    tune_garbage_collector()
    yield
    gc.set_threshold(*before)


def check(watch: LoopWatch) -> None:
    assert watch.longest_s <= LONGEST_S, f"{watch.longest_s:.3f} s: {watch.callback}"


@pytest.mark.usefixtures("calm")
@pytest.mark.parametrize(("atoms", "total"), [(2, 5000), (400, 600), (1900, 60)])
@pytest.mark.parametrize("name", ALL)
async def test_nothing_holds_the_event_loop(name: str, atoms: int, total: int) -> None:
    """Many small structures and few large ones leave the loop to others all the time."""
    more = "&response_fields=cartesian_site_positions,species" if name == "csv" else ""
    async with served(Crystals(total=total, atoms=atoms)) as gateway:
        with watch_loop() as watch:
            answer = await gateway.client.get(LISTING + name + more)
        if name in ("cif", "poscar"):
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                assert len(archive.namelist()) == total + 2
    check(watch)


@pytest.mark.usefixtures("calm")
@pytest.mark.parametrize("name", ["cif", "xyz", "poscar"])
async def test_the_largest_structure(name: str) -> None:
    """Written in a thread; so is one of many."""
    async with served(Crystals(total=3, atoms=MOST_ATOMS)) as gateway:
        federation = gateway.federation
        answer = await federation.entry(
            EntryRequest("structures", "berlin~entry_1"), scope=MemoryScope()
        )

        async def entry(request: EntryRequest, *, scope: MemoryScope) -> SearchAnswer:
            return answer

        federation.entry = entry  # type: ignore[method-assign]
        with watch_loop() as watch:
            one = await gateway.client.get(
                f"/v1/structures/berlin~entry_1?response_format=_fed_{name}"
            )
        assert one.status_code == 200
        assert one.text.count("\n") > MOST_ATOMS
    check(watch)

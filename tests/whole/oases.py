"""Demo Oases in this process over made-up entries, and a federation of them.

The entries are few and awkward: equal values at all sites, unknown ones, the same entry_id twice,
ids that sort before letters, times that differ below the millisecond.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

import httpx

from gateway.config import Config
from gateway.fetch.cache.answers import open_cache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.fetch.http.telemetry.observer import SiteObserver
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Site
from gateway.search import Federation
from tests.whole.demo_apps import app_of
from tests.whole.expected import Known, known_entry
from tests.whole.lines import Line

DemoLine: TypeAlias = dict[str, Any]
"""One entry as `create_demo_oasis` takes it."""
Lines: TypeAlias = Mapping[str, Sequence[DemoLine]]
"""The entries of each site."""

PERSON = {"user_id": "u-1", "name": "Ada Example"}
TIMES = ("2021-03-01T00:00:00", "2021-03-01T00:00:00.250400", "2021-03-01T00:00:00.250900",
         "2022-07-05T12:30:00.001000", "2019-12-31T23:59:59.999999")  # fmt: skip
VOLUME = "_nmd_results_properties_structures_structure_original_cell_volume"
ALPHABET = "-09AZ_az"


@dataclass(frozen=True, slots=True)
class Opened:
    """A running federation over demo Oases, the lines to them, and what they hold."""

    federation: Federation
    lines: Mapping[str, Line]
    entries: list[Known]

    def forget(self) -> None:
        """Begin to count anew."""
        for line in self.lines.values():
            line.asked.clear()

    @property
    def asked(self) -> int:
        """How many native requests were sent."""
        return sum(len(line.asked) for line in self.lines.values())


def make_line(entry_id: str, **changes: Any) -> DemoLine:
    """One public structure; `changes` replace members of its optimade section, or of `metadata`.

    None takes a member away.
    """
    optimade: DemoLine = {
        "elements": ["O", "Ti"],
        "nelements": 2,
        "elements_ratios": [0.5, 0.5],
        "chemical_formula_descriptive": "TiO",
        "chemical_formula_reduced": "OTi",
        "chemical_formula_hill": "OTi",
        "chemical_formula_anonymous": "AB",
        "dimension_types": [1, 1, 1],
        "lattice_vectors": [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]],
        "cartesian_site_positions": [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]],
        "nsites": 2,
        "species_at_sites": ["Ti", "O"],
        "structure_features": [],
        "species": [
            {"name": "Ti", "chemical_symbols": ["Ti"], "concentration": [1.0]},
            {"name": "O", "chemical_symbols": ["O"], "concentration": [1.0]},
        ],
    }
    metadata: DemoLine = {
        "entry_id": entry_id,
        "upload_id": "upload-1",
        "mainfile": "vasprun.xml",
        "parser_name": "parsers/vasp",
        "domain": "dft",
        "published": True,
        "processed": True,
        "with_embargo": False,
        "upload_create_time": TIMES[0],
        "entry_create_time": TIMES[0],
        "last_processing_time": "2023-01-01T00:00:00",
        "publish_time": TIMES[0],
        "main_author": PERSON,
        "coauthors": [],
        "datasets": [],
        "optimade": optimade,
    }
    for name, value in changes.items():
        part = metadata if name in metadata and name != "optimade" else optimade
        part[name] = value
        if value is None:
            del part[name]
    return {"metadata": metadata}


def awkward_lines(seed: int, sizes: Mapping[str, int]) -> dict[str, list[DemoLine]]:
    """So many entries for each site; a third of them also live at another one, changed there."""
    random = Random(seed)
    held: dict[str, list[DemoLine]] = {}
    for site, size in sizes.items():
        known = [line["metadata"]["entry_id"] for lines in held.values() for line in lines]
        ids = set(random.sample(known, min(len(known), size // 3)))
        while len(ids) < size:
            ids.add("".join(random.choices(ALPHABET, k=random.choice((2, 5, 28)))))
        held[site] = [_awkward(random, entry_id) for entry_id in sorted(ids)]
    return held


def _awkward(random: Random, entry_id: str) -> DemoLine:
    hill = random.choice((None, None, "None", "O", "OTi", "Ti", "a:b", "Ångström"))
    line = make_line(
        entry_id,
        nelements=random.choice((1, 2, 2, 2, 3, 10)),
        nsites=random.choice((0, 1, 2, 20, 1000)),
        chemical_formula_hill=hill,
        chemical_formula_descriptive=random.choice((None, "TiO", f"X{random.randrange(40)}")),
        chemical_formula_anonymous=random.choice(("A", "AB", "AB", "A2B")),
        dimension_types=[1] * random.randrange(4) if random.random() < 0.9 else None,
        upload_create_time=random.choice(TIMES),
        upload_id=random.choice(("u-1", "u-2", "-u", "_u")),
        published=random.random() < 0.95,
        mainfile=random.choice(("a/b.xml", "a.xml", "größe: 5/é", "Z")),
    )
    volume = random.choice((None, 0.0, -0.0, -2.5e-30, 4.0499999999999e-28, 4.05e-28, 1e300, 3.0))
    if volume is not None:
        structures = {"structure_original": {"cell_volume": volume}}
        line["results"] = {"properties": {"structures": structures}}
    return line


def known_entries(lines: Lines) -> list[Known]:
    """What anybody may see of the lines, with the values that the index derives."""
    found = []
    for site, held in lines.items():
        for line in held:
            metadata = line["metadata"]
            if metadata["published"] and not metadata["with_embargo"] and "optimade" in metadata:
                index = {k: v for k, v in metadata["optimade"].items() if not isinstance(v, list)}
                index["nperiodic_dimensions"] = sum(metadata["optimade"].get("dimension_types", ()))
                utc = {**metadata, "upload_create_time": f"{metadata['upload_create_time']}+00:00"}
                found.append(known_entry(site, utc, index | _nmd_values(line)))
    return found


def _nmd_values(line: DemoLine) -> dict[str, Any]:
    structures = line.get("results", {}).get("properties", {}).get("structures", {})
    volume = structures.get("structure_original", {}).get("cell_volume")
    return {VOLUME: volume, "_nmd_mainfile": line["metadata"]["mainfile"]}


def make_config(sites: Iterable[str], *, forward_token: bool = False, **sections: Any) -> Config:
    """A federation without caches, patient, that sends every request once.

    Its sites hold the same entry_id in different uploads, which no Oasis does; each is an entry,
    and nothing is asked in the background, unless a test is about copies.
    """
    defaults: dict[str, Any] = {
        "copies": {"enabled": False},
        "cache": {"backend": "none"},
        "site_defaults": {"attempts": 1},
        "timeouts": {"budget_s": 60, "site_s": 60},
    }
    needed = {
        "provider": {"prefix": "fed", "name": "Tests", "description": "Demo Oases."},
        "sites": [
            {"name": name, "url": f"http://{name}.test/api/v1", "forward_token": forward_token}
            for name in sites
        ],
    }
    return Config(**{**defaults, **sections, **needed})


@asynccontextmanager
async def opened_session(
    name: str,
    lines: Sequence[DemoLine],
    *,
    attempts: int = 1,
    observer: SiteObserver | None = None,
) -> AsyncIterator[tuple[SiteSession, Line]]:
    """A request's session with one demo Oasis, and the line to it."""
    wire = Line(httpx.ASGITransport(app_of(lines)))
    site = Site(name, f"http://{name}.test/api/v1", name, attempts=attempts, answer_s=50)
    client = SiteClient(site, cache=open_cache("none"), transport=wire, observer=observer)
    try:
        yield (
            SiteSession(
                client, RequestOptions(asyncio.get_running_loop().time() + 50, MemoryScope())
            ),
            wire,
        )
    finally:
        await client.close()


@asynccontextmanager
async def opened(lines: Lines, **sections: Any) -> AsyncIterator[Opened]:
    """A federation over demo Oases that hold these lines."""
    apps = {site: app_of(held) for site, held in lines.items()}
    async with opened_apps(apps, **sections) as (federation, wires):
        yield Opened(federation, wires, known_entries(lines))


@asynccontextmanager
async def opened_apps(
    apps: Mapping[str, Any], **sections: Any
) -> AsyncIterator[tuple[Federation, dict[str, Line]]]:
    """A federation over ASGI apps, each under `/api/v1` of a host of its own."""
    wires = {site: Line(httpx.ASGITransport(app)) for site, app in apps.items()}
    federation = Federation(make_config(apps, **sections), transports=wires)
    await federation.open()
    try:
        for site in apps:
            await federation.check(site)
        for wire in wires.values():
            wire.asked.clear()
        yield federation, wires
    finally:
        await federation.close()

"""NOMAD's own OPTIMADE endpoint beside the gateway over it: properties and their values.

    python -m tests.field.compare_info http://127.0.0.1:9001 http://host/nomad-oasis [--record]

Each address is an Oasis, without `/api/v1`. Names that NOMAD lists in `/info/structures` are asked
of both in `response_fields`, for some entries. It ends with 1 where the gateway does not know a
name, or has nothing where NOMAD has a value. `--record` keeps the names for `test_nomad_names.py`.
"""

import argparse
import asyncio
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from gateway.config import Config
from gateway.model import STRUCTURES, Notice, SearchRequest
from gateway.properties import LINKS, structures_catalogue
from gateway.search import Federation
from gateway.search.response_fields import check_fields

RECORD = Path(__file__).with_name("nomad_names.json")
CATALOGUE = structures_catalogue("fed")
SUGGESTION = "__suggestion"
"""Fields for NOMAD's search box, of which its OPTIMADE endpoint lists the names, and gives null."""
CHUNK = 60
ENTRIES = 60
PAGE = 5
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def unknown(name: str) -> tuple[Notice, ...]:
    """What the gateway warns of where a property of this name is asked for."""
    return check_fields((name,), CATALOGUE, "fed")


@dataclass(slots=True)
class Comparison:
    """One Oasis, asked both ways."""

    address: str
    version: str = ""
    types: dict[str, str] = field(default_factory=dict)
    """As NOMAD's info tells them, by name."""
    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All that NOMAD lists."""
        return list(self.types)

    @property
    def other_types(self) -> list[str]:
        """Properties that NOMAD tells of another type. Of a repeated section it tells one value,
        which is a list here; of `type` it tells a list, and serves a text."""
        reported = {n: type_ for n, type_ in self.types.items() if n in CATALOGUE and n != "type"}
        return [n for n, type_ in reported.items() if CATALOGUE[n].type not in (type_, "list")]

    @property
    def missing(self) -> list[str]:
        """Names that the gateway does not know."""
        return [name for name in self.names if SUGGESTION not in name and unknown(name)]

    def add(self, name: str, theirs: Any, ours: Any) -> None:
        """One value of one entry, as both serve it."""
        kind = kind_of(name, theirs, ours)
        self.kinds[kind][name] += 1
        self.examples.setdefault((kind, name), f"{str(theirs)[:60]} | {str(ours)[:60]}")

    def report(self) -> bool:
        """Prints what was found; whether nothing is wrong."""
        listed = [name for name in self.names if SUGGESTION not in name]
        print(f"{self.address}: NOMAD {self.version}, {len(self.names)} properties listed, "
              f"{len(self.names) - len(listed)} of them suggestions; "
              f"unknown here: {', '.join(self.missing) or 'none'}")  # fmt: skip
        for kind, names in sorted(self.kinds.items()):
            print(f"  {kind}: {len(names)} properties, {names.total()} values")
            if kind.startswith(("WRONG", "other")):
                for name in names:
                    print(f"    {name}: {self.examples[kind, name]}")
        if self.other_types:
            print(f"  WRONG: of another type here: {', '.join(self.other_types)}")
        return (
            not self.missing
            and not self.other_types
            and not any(kind.startswith("WRONG") for kind in self.kinds)
        )


def kind_of(name: str, theirs: Any, ours: Any) -> str:
    """How two values of one property relate."""
    if theirs == ours:
        return "both unknown" if ours is None else "equal"
    if name in LINKS:
        return "links of NOMAD's version 0, which lead nowhere"
    if name == "chemical_formula_descriptive" and ours is None:
        return "NOMAD gives the Hill formula in its place, by which its filters do not find it"
    if ours in (None, []):
        return "WRONG: nothing here" if theirs else "both unknown"
    if theirs is None:
        return "nothing at NOMAD"
    if _MOMENT.match(str(theirs)) and str(ours)[:19] == str(theirs)[:19]:
        return "equal to the millisecond"
    if isinstance(ours, list) and theirs in ([one for one in ours if one is not None], ours[0]):
        return "NOMAD gives one value, or none of the empty places"
    if isinstance(ours, list) and isinstance(theirs, list) and name.startswith("_nmd_"):
        same = sorted(map(str, theirs)) == sorted(map(str, ours))
        return "equal in another sequence" if same else "other value"
    return "other value"


async def compare(address: str) -> Comparison:
    """Asks an Oasis both ways."""
    alone = httpx.Limits(max_keepalive_connections=0)  # NOMAD drops connections after a 500
    async with httpx.AsyncClient(timeout=120, limits=alone) as client:
        found = Comparison(address, await _version(client, address))
        info = await client.get(f"{address}/optimade/v1/info/structures")
        properties = info.json()["data"]["properties"]
        found.types = {name: str(one.get("type")) for name, one in properties.items()}
        async with federation_over(address) as federation:
            for names in _chunks([name for name in found.names if not unknown(name)]):
                await _compare_values(found, names, client, federation)
    return found


async def _compare_values(
    found: Comparison, names: Sequence[str], client: httpx.AsyncClient, federation: Federation
) -> None:
    theirs = await _their_entries(found.address, names, client)
    alternatives = " OR ".join(f'immutable_id="{id_}"' for id_ in theirs)
    ours = await federation.search(
        SearchRequest(
            STRUCTURES, filter=alternatives, page_limit=ENTRIES, response_fields=tuple(names)
        )
    )
    assert len(ours.resources) == len(theirs) > 0
    for resource in ours.resources:
        entry_id = resource.id.partition("~")[2]
        for name in names:
            if name not in ("id", "type"):
                found.add(name, theirs[entry_id].get(name), resource.attributes[name])


async def _their_entries(
    address: str, names: Sequence[str], client: httpx.AsyncClient
) -> dict[str, dict[str, Any]]:
    """Values by entry_id, of small pages: NOMAD fails on a page that holds an odd entry."""
    entries: dict[str, dict[str, Any]] = {}
    for offset in range(0, ENTRIES, PAGE):
        asked = {"response_fields": ",".join(names), "page_limit": PAGE, "page_offset": offset}
        answer = await client.get(f"{address}/optimade/v1/structures", params=asked)
        if answer.status_code != HTTPStatus.INTERNAL_SERVER_ERROR:
            data = answer.raise_for_status().json()["data"]
            entries |= {one["id"]: one["attributes"] for one in data}
    return entries


async def _version(client: httpx.AsyncClient, address: str) -> str:
    return str((await client.get(f"{address}/api/v1/info")).json()["version"])


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (names[i : i + CHUNK] for i in range(0, len(names), CHUNK))


@asynccontextmanager
async def federation_over(address: str) -> AsyncIterator[Federation]:
    """The gateway with this Oasis as its one site."""
    reported: dict[str, Any] = {
        "provider": {"prefix": "fed", "name": "Comparison", "description": "One Oasis."},
        "sites": [{"name": "oasis", "url": f"{address}/api/v1"}],
        "timeouts": {"budget_s": 60, "site_s": 60},
    }
    federation = Federation(Config(**reported))
    await federation.open()
    try:
        await federation.check("oasis")
        yield federation
    finally:
        await federation.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares each Oasis and prints what differs; 1 if anything is missing here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", nargs="+", help="an Oasis, without /api/v1")
    parser.add_argument("--record", action="store_true", help=f"keep the names in {RECORD.name}")
    options = parser.parse_args(arguments)
    done = [asyncio.run(compare(address.rstrip("/"))) for address in options.address]
    if options.record:
        names = {
            one.version: sorted(name for name in one.names if SUGGESTION not in name)
            for one in done
        }
        RECORD.write_text(json.dumps(names, indent=0) + "\n", "utf-8")
    are_right = [one.report() for one in done]
    return 0 if all(are_right) else 1


if __name__ == "__main__":
    sys.exit(main())

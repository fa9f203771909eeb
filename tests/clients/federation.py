"""A gateway over six demo Oases, for clients that talk HTTP: run it, read the address it prints.

Three sites are those of the demo; three hold the same structures again as entries of their own,
so that there are more than 2,000.
"""

import asyncio
import gzip
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import TypeAlias

import orjson

from gateway.cli.serving import address_of, open_socket, serving, until_stopped
from gateway.config import Config, NativeKeys, ProviderKeys, SiteKeys
from gateway.demo import create_demo_oasis
from gateway.observe import set_up_logging
from gateway.serve.app import create_app

Line: TypeAlias = dict[str, dict[str, object]]

PREFIX = "fed"
SITES = {
    "berlin": "berlin",
    "munich": "munich",
    "dresden": "dresden",
    "potsdam": "berlin",
    "garching": "munich",
    "freiberg": "dresden",
}
"""Each site and whose structures it holds."""


def read_lines(site: str) -> list[Line]:
    """What the site holds; a copy has ids of its own."""
    source = SITES[site]
    packed = files("gateway.demo").joinpath("data", f"{source}.jsonl.gz").read_bytes()
    lines: Iterator[Line] = map(orjson.loads, gzip.decompress(packed).splitlines())
    return [line if site == source else _renamed(line, site) for line in lines]


def _renamed(line: Line, site: str) -> Line:
    metadata = line["metadata"]
    names = ("entry_id", "upload_id")
    own = {name: f"{site[0]}{str(metadata[name])[1:-1]}{site[1]}" for name in names}
    return {**line, "metadata": {**metadata, **own}}


def make_config(addresses: Mapping[str, str]) -> Config:
    """The gateway's configuration; `addresses` are those of the sites' APIs."""
    return Config(
        provider=ProviderKeys(prefix=PREFIX, name="Federation", description="Six demo Oases."),
        sites=tuple(SiteKeys(name=name, url=url) for name, url in addresses.items()),
        native=NativeKeys(enabled=True),
    )


async def run() -> None:
    """Serve until a signal comes."""
    set_up_logging("warning", as_json=False)
    own = open_socket("127.0.0.1", 0)
    bound = {site: open_socket("127.0.0.1", 0) for site in SITES}
    oases = [(create_demo_oasis(read_lines(site), path=""), bound[site]) for site in SITES]
    config = make_config({site: address_of(one, "/api/v1") for site, one in bound.items()})
    app = create_app(config)
    async with serving([*oases, (app, own)]):
        await app.state.served.federation.wait_for_copies()
        print(address_of(own), flush=True)
        await until_stopped()


if __name__ == "__main__":
    asyncio.run(run())

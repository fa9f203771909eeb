"""`gateway demo`: three embedded Oases over HTTP, the gateway in front, and a first query."""

import asyncio
import shlex
import socket
from collections.abc import Sequence
from urllib.parse import urlencode

import click
import httpx

from gateway.cli.explain import DEMO_PREFIX
from gateway.cli.serving import (
    address_of,
    open_first_free,
    open_socket,
    serving,
    until_stopped,
)
from gateway.cli.tables import write_table
from gateway.config import Config, LoggingKeys, ProviderKeys, SiteKeys
from gateway.demo import DEMO_SITES, DemoSite, create_demo_oasis
from gateway.observe import set_up_logging
from gateway.search import Federation
from gateway.serve.app import create_app

OASIS_PATH = "/nomad-oasis"
LOCAL = "127.0.0.1"
FIRST_QUERY = {
    "filter": 'elements HAS ALL "Si","O" AND nelements=2',
    "sort": "nsites",
    "page_limit": "5",
    "response_fields": f"chemical_formula_reduced,nsites,_{DEMO_PREFIX}_site",
}


async def run_demo(*, host: str, ports: Sequence[int]) -> None:
    """Serve at the first free port until Ctrl-C; the last line printed is the gateway's address."""
    set_up_logging("warning", as_json=False)
    own = open_first_free(host, ports)
    if own.getsockname()[1] != ports[0] and ports[0]:
        click.echo(f"Port {ports[0]} is taken; another one is used.", err=True)
    bound = {site.name: open_socket(LOCAL, 0) for site in DEMO_SITES}
    oases = [(create_demo_oasis(name, path=OASIS_PATH), bound[name]) for name in bound]
    config = demo_config({name: address_of(one) for name, one in bound.items()})
    async with serving(oases), serving([(create_app(config), own)], config=config):
        click.echo("Embedded Oases:")
        for site in config.sites:
            click.echo(f"  {site.name}  {site.url}")
        await _show_first_query(own)
        click.echo("The gateway serves until Ctrl-C at")
        click.echo(address_of(own))
        await until_stopped()


async def run_oasis(name: str, *, host: str, port: int) -> None:
    """Serve one embedded Oasis until Ctrl-C; the last line printed is the address of its API."""
    set_up_logging("warning", as_json=False)
    bound = open_socket(host, port)
    async with serving([(create_demo_oasis(name, path=OASIS_PATH), bound)]):
        click.echo(address_of(bound, f"{OASIS_PATH}/api/v1"))
        await until_stopped()


def demo_config(addresses: dict[str, str]) -> Config:
    """The configuration of the demo; `addresses` are those of its Oases by name."""
    return Config(
        provider=ProviderKeys(
            prefix=DEMO_PREFIX,
            name="Demo federation",
            description="Three embedded Oases with published structures, to try the gateway on.",
        ),
        sites=tuple(_site(site, addresses[site.name]) for site in DEMO_SITES),
        logging=LoggingKeys(level="warning"),
    )


def embedded_demo() -> tuple[Config, Federation]:
    """The demo without a server: its Oases run in this process."""
    config = demo_config({site.name: f"http://{site.name}.demo" for site in DEMO_SITES})
    oases = {
        site.name: httpx.ASGITransport(create_demo_oasis(site.name, path=OASIS_PATH))
        for site in DEMO_SITES
    }
    return config, Federation(config, transports=oases)


def _site(site: DemoSite, address: str) -> SiteKeys:
    return SiteKeys(
        name=site.name,
        url=f"{address}{OASIS_PATH}/api/v1",
        title=site.title,
        description=site.description,
    )


async def _wait_for_copies(client: httpx.AsyncClient, address: str) -> None:
    """Until it is known which entries are copies, so that each counts once; 5 s at most."""
    for _ in range(50):
        copies = (await client.get(f"{address}/health")).json()["copies"]
        if None not in copies["age_s"].values():
            return
        await asyncio.sleep(0.1)


async def _show_first_query(own: socket.socket) -> None:
    url = f"{address_of(own)}/v1/structures?{urlencode(FIRST_QUERY)}"
    async with httpx.AsyncClient() as client:
        await _wait_for_copies(client, address_of(own))
        response = await client.get(url)
    document = response.raise_for_status().json()
    click.echo(f"\nA first query: {FIRST_QUERY['filter']}")
    click.echo(f"  curl {shlex.quote(url)}\n")
    names = FIRST_QUERY["response_fields"].split(",")
    rows = [(one["id"], *(one["attributes"][name] for name in names)) for one in document["data"]]
    click.echo(write_table(("id", *names), rows))
    meta = document["meta"]
    spent = response.elapsed.total_seconds() * 1000
    click.echo(
        f"{len(rows)} of {meta['data_returned']} that match, among {meta['data_available']} "
        f"structures, in {spent:.0f} ms\n"
    )

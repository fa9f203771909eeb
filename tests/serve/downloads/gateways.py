"""A gateway over three small demo Oases in this process, whose lines break as a test says."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
from starlette.types import ASGIApp

from gateway.config import (
    CacheKeys,
    Config,
    CopyKeys,
    PagingKeys,
    ProviderKeys,
    SiteDefaultKeys,
    SiteKeys,
)
from gateway.serve.app import create_app
from tests.whole.demo_apps import app_of
from tests.whole.lines import Answer, Asked, Line, refused
from tests.whole.oases import make_line

Fault: TypeAlias = Callable[[Asked], Answer]
Change: TypeAlias = Callable[[int], dict[str, Any]]
"""What is special about the entry with this number at each site."""

SITES = ("berlin", "munich", "dresden")
PER_SITE = 40
PAGE = 10
DOI = "10.17172/NOMAD/2024.01.01-1"


@dataclass(frozen=True, slots=True)
class Opened:
    """The running app, a client of it, and the lines to its sites."""

    app: ASGIApp
    web: httpx.AsyncClient
    lines: Mapping[str, Line]

    def asked(self) -> int:
        return sum(len(line.asked) for line in self.lines.values())


def ids_at(site: str) -> list[str]:
    return [f"{site}~{number:02}-{site}" for number in range(PER_SITE)]


ALL_IDS = {id_ for site in SITES for id_ in ids_at(site)}


def open_line(site: str, change: Change) -> Line:
    dataset = {"dataset_id": "d-1", "dataset_name": "Titania", "doi": DOI, "user_id": "u-1"}
    held = [
        make_line(id_.partition("~")[2], datasets=[dataset], **change(number))
        for number, id_ in enumerate(ids_at(site))
    ]
    return Line(httpx.ASGITransport(app_of(held)))


def some_sites(number: int) -> dict[str, Any]:
    """As many sites as the number says, which contradicts the positions."""
    return {"nsites": 1 + number % 7}


@asynccontextmanager
async def opened(change: Change = some_sites, **sections: Any) -> AsyncIterator[Opened]:
    lines = {site: open_line(site, change) for site in SITES}
    config = Config(
        provider=ProviderKeys(prefix="fed", name="F", description="D"),
        sites=tuple(SiteKeys(name=name, url=f"http://{name}.example/api/v1") for name in SITES),
        cache=CacheKeys(backend="none"),
        copies=CopyKeys(enabled=False),  # the sites hold the same; each copy is to be sent here
        paging=PagingKeys(default_limit=PAGE, max_limit=PAGE),
        site_defaults=SiteDefaultKeys(attempts=1),
        **sections,
    )
    app = create_app(config, transports=lines)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway.example") as web,
    ):
        yield Opened(app, web, lines)


def is_census(asked: Asked) -> bool:
    """Whether it belongs to no page."""
    return asked.is_count or not asked.path.endswith("/query")


def dies_after(requests: int) -> Fault:
    """A fault: the site answers so often, then no more."""
    left = requests

    def fault(asked: Asked) -> Answer:
        nonlocal left
        if is_census(asked):
            return None
        left -= 1
        return None if left >= 0 else refused(asked)

    return fault

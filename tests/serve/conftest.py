"""The app over a federation of canned answers, and a client of it; no network, no sites."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import httpx
import pytest
from fastapi import FastAPI

from gateway.config import Config, PagingKeys, ProviderKeys, ServerKeys, SiteKeys
from gateway.model import EntryRequest, PageLink, Resource, SearchAnswer, SearchRequest, SiteReport
from gateway.observe import Observer
from gateway.properties import Catalogue, references_catalogue, structures_catalogue
from gateway.search import CopiesState, MemoryScope, SiteStatus
from gateway.serve.app import build_app

BASE = "http://gateway.example"


def structure(number: int) -> Resource:
    attributes: dict[str, object] = {
        "nsites": number,
        "nelements": 2,
        "chemical_formula_reduced": "O2Si",
        "last_modified": "2024-05-06T07:08:09Z",
    }
    return Resource("structures", f"berlin~entry_{number}", attributes)  # type: ignore[arg-type]


@dataclass
class FakeFederation:
    """Answers every listing with a page of `total` structures; keeps what it was asked."""

    total: int = 45
    error: Exception | None = None
    asked: list[SearchRequest | EntryRequest] = field(default_factory=list)
    states: tuple[SiteStatus, ...] = (
        SiteStatus("berlin", version="2.0.0", total=40, breaker="closed"),
        SiteStatus("munich", version=None, total=None, breaker="open"),
    )
    copies_state: CopiesState | None = None
    answer: SearchAnswer | None = None
    is_open: bool = False
    hold: asyncio.Event | None = None
    """Searches wait for it."""
    under_way: int = 0

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def search(
        self, request: SearchRequest, *, scope: MemoryScope | None = None
    ) -> SearchAnswer:
        del scope
        self.asked.append(request)
        await self._held()
        if self.error:
            raise self.error
        if self.answer:
            return self.answer
        offset = int(request.cursor.removeprefix("at_")) if request.cursor else request.offset
        return self.page(offset, request.page_limit)

    async def _held(self) -> None:
        if self.hold is None:
            return
        self.under_way += 1
        try:
            await self.hold.wait()
        finally:
            self.under_way -= 1

    async def entry(
        self, request: EntryRequest, *, scope: MemoryScope | None = None
    ) -> SearchAnswer:
        del scope
        self.asked.append(request)
        if self.error:
            raise self.error
        known = request.id == "berlin~entry_1"
        resources = (structure(1),) if known else ()
        return SearchAnswer(resources, data_returned=len(resources), data_available=self.total)

    def page(self, offset: int, limit: int) -> SearchAnswer:
        numbers = range(offset, min(offset + limit, self.total))
        more = offset + limit < self.total
        last = (self.total - 1) // limit * limit
        back = max(0, offset - limit)
        return SearchAnswer(
            tuple(structure(number) for number in numbers),
            data_returned=self.total,
            data_available=self.total + 5,
            more=more,
            next=PageLink(f"at_{offset + limit}", offset + limit) if more else None,
            prev=PageLink(f"at_{back}" if back else None, back) if offset else None,
            last=PageLink(f"at_{last}", last),
            reports=(
                SiteReport(
                    "berlin", "ok", total=self.total, returned=len(numbers), milliseconds=1.23
                ),
                SiteReport("munich", "pruned", "no entry can match the filter"),
            ),
            timings=(("plan", 0.25), ("keys", 12.5)),
        )

    async def copies(self) -> CopiesState | None:
        return self.copies_state

    def site_states(self) -> tuple[SiteStatus, ...]:
        return self.states

    def catalogue(self, entry_type: str) -> Catalogue:
        made = {"structures": structures_catalogue, "references": references_catalogue}
        return made[entry_type]("fed")

    @property
    def last(self) -> SearchRequest | EntryRequest:
        return self.asked[-1]


def make_config(**sections: object) -> Config:
    given: dict[str, object] = {
        "provider": ProviderKeys(
            prefix="fed",
            name="My federation",
            description="Two Oases",
            homepage="https://f.example",
        ),
        "sites": (
            SiteKeys(name="berlin", url="http://berlin.example/api/v1", title="Berlin Oasis"),
            SiteKeys(name="munich", url="http://munich.example/api/v1"),
        ),
        **sections,
    }
    return Config(**given)  # type: ignore[arg-type]


@pytest.fixture
def federation() -> FakeFederation:
    return FakeFederation()


@pytest.fixture
def config() -> Config:
    return make_config(
        server=ServerKeys(
            maintainer_email="team@example.org",
            issue_tracker="https://issues.example.org",
            source_url="https://source.example.org",
        ),
        paging=PagingKeys(),
    )


@pytest.fixture
def app(config: Config, federation: FakeFederation) -> FastAPI:
    return build_app(config, federation=federation, observer=Observer())


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


def client_of(app: FastAPI, *, address: str = "203.0.113.7") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url=BASE)


@pytest.fixture
def app_with(federation: FakeFederation) -> Callable[..., FastAPI]:
    """Makes an app of some sections of a configuration."""

    def make(**sections: object) -> FastAPI:
        return build_app(make_config(**sections), federation=federation, observer=Observer())

    return make


@pytest.fixture
def clients() -> Callable[..., httpx.AsyncClient]:
    """Makes a client of an app, which asks from a given address."""
    return client_of


@pytest.fixture
def changed() -> Callable[..., SearchAnswer]:
    """A page with some of its members replaced."""

    def change(federation: FakeFederation, **members: object) -> SearchAnswer:
        return replace(federation.page(0, 2), **members)  # type: ignore[arg-type]

    return change

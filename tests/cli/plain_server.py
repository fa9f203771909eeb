"""A plain OPTIMADE server with another prefix and none of our extensions, over a socket."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.cli.serving import address_of, open_socket, serving

MOST = 7
WAIT_S = 60


def entry(number: int) -> dict[str, object]:
    """A cell of silicon whose edge tells its number; every tenth is a molecule."""
    is_molecule = number % 10 == 9
    edge = 3.0 + number / 100
    attributes: dict[str, object] = {
        "chemical_formula_reduced": "Si",
        "chemical_formula_descriptive": "Si",
        "elements": ["Si"],
        "nelements": 1,
        "nsites": 1,
        "dimension_types": [0, 0, 0] if is_molecule else [1, 1, 1],
        "lattice_vectors": None
        if is_molecule
        else [[edge, 0.0, 0.0], [0.0, edge, 0.0], [0.0, 0.0, edge]],
        "cartesian_site_positions": [[0.0, 0.0, 0.0]],
        "species": [{"name": "Si", "chemical_symbols": ["Si"], "concentration": [1.0]}],
        "species_at_sites": ["Si"],
        "structure_features": [],
        "_exmpl_number": number,
    }
    return {"type": "structures", "id": f"x/{number}", "attributes": attributes}


@dataclass
class Plain:
    """Serves so many entries; what it is to do wrong can be set while it runs."""

    count: int = 40
    prefix: str = "exmpl"
    fails_at: int | None = None
    """The page, counted by its first entry, that is answered with 500."""
    busy: int = 0
    """So many requests are answered with 429 first."""
    link_as_object: bool = False
    says_count: bool = True
    circle: bool = False
    delay_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        base = f"/{self.prefix}/v1"
        return Starlette(
            routes=[
                Route(f"{base}/info", self.info),
                Route(f"{base}/info/structures", self.properties),
                Route(f"{base}/structures", self.listing),
                Route("/html/v1/info", lambda _: PlainTextResponse("<html>")),
            ]
        )

    async def info(self, _: Request) -> Response:
        return JSONResponse({"data": {"type": "info", "id": "/"}, "meta": self.meta()})

    async def properties(self, _: Request) -> Response:
        number = {"description": "The number. Of the entry.", "type": "integer", "unit": "Ao"}
        return JSONResponse(
            {"data": {"properties": {"_exmpl_number": number}}, "meta": self.meta()}
        )

    async def listing(self, request: Request) -> Response:
        self.asked.append(str(request.url))
        await asyncio.sleep(self.delay_s)
        given = request.query_params
        if self.busy:
            self.busy -= 1
            return self.wrong(429, "Too much to do.", {"Retry-After": "0"})
        if unknown := [name for name in given if name.startswith("_demo") or name == "include"]:
            return self.wrong(400, f"There is no parameter {unknown[0]}.", {})
        limit = int(given.get("page_limit", MOST))
        if limit > MOST:
            return self.wrong(403, f"Max allowed page_limit is {MOST}, you requested {limit}", {})
        start = int(given.get("token", "a0")[1:])
        if self.fails_at is not None and start >= self.fails_at:
            return self.wrong(500, "The database is away.", {})
        end = min(start + limit, self.count)
        entries = [self.chosen(entry(one), given) for one in range(start, end)]
        return JSONResponse(
            {"data": entries, "meta": self.meta(end), "links": {"next": self.link(request, end)}}
        )

    def chosen(self, one: dict[str, object], given: object) -> dict[str, object]:
        assert hasattr(given, "get")
        if (names := given.get("response_fields")) is None:
            return one
        attributes = one["attributes"]
        assert isinstance(attributes, dict)
        wanted = {name: attributes.get(name) for name in names.split(",")}
        return {**one, "attributes": wanted}

    def link(self, request: Request, end: int) -> object:
        if end >= self.count and not self.circle:
            return None
        following = 0 if self.circle and end >= self.count else end
        url = request.url.include_query_params(token=f"a{following}").replace(port=1)
        return {"href": str(url)} if self.link_as_object else str(url)

    def meta(self, end: int = 0) -> dict[str, object]:
        counts = {"data_returned": self.count} if self.says_count else {}
        return {
            "api_version": "1.1.0",
            "more_data_available": end < self.count or self.circle,
            "provider": {"name": "Example", "description": "E", "prefix": self.prefix},
            "data_available": self.count,
            "warnings": [{"type": "warning", "detail": "This is a test."}],
            **counts,
        }

    def wrong(self, status: int, detail: str, headers: dict[str, str]) -> Response:
        body = {"errors": [{"status": str(status), "detail": detail}], "meta": self.meta()}
        return JSONResponse(body, status, headers)


@contextmanager
def served(*apps: object) -> Iterator[list[str]]:
    """The addresses of the apps, which run in a thread of their own."""
    bound = [open_socket("127.0.0.1", 0) for _ in apps]
    loop = asyncio.new_event_loop()
    stop, started = asyncio.Event(), threading.Event()

    async def serve() -> None:
        async with serving(list(zip(apps, bound, strict=True))):  # type: ignore[arg-type]
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(WAIT_S)
    try:
        yield [address_of(one) for one in bound]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT_S)
        loop.close()


def lines(text: str) -> list[dict[str, object]]:
    """What JSON Lines hold."""
    return [json.loads(line) for line in text.splitlines()]

"""The same two-phase work as the gateway's, by hand and with nothing else: the measure of cost.

    python -m tests.bench.bare_fanout URL,URL [--port 0]

For each query: the keys of all sites, a heap merge, the archives of the page's entries by id, and
JSON out. FastAPI under uvicorn with the gateway's settings, connections by hand. No filter parser
(`nsites<NUMBER` alone), no checks, limits, deadlines, caches, counts or shaping.
"""

import argparse
import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from heapq import merge
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import unquote_plus

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

from tests.bench.wire import Address, Wires, with_body

PAGE = 20
FIELDS = [
    "entry_id",
    "last_processing_time",
    "references",
    "datasets.doi",
    "datasets.dataset_name",
    "datasets.dataset_modified_time",
]
ARCHIVE = {"metadata": {"entry_id": "*", "optimade": "*", "upload_create_time": "*"}}

Document: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, int]
"""An entry's id and the number of its site."""


class Fanout:
    """All sites, asked by hand."""

    def __init__(self, urls: Sequence[str]) -> None:
        addresses = [Address.of(url) for url in urls]
        self._wires = [Wires(one) for one in addresses]
        self._keys = [one.post_head("/entries/query") for one in addresses]
        self._archives = [one.post_head("/entries/archive/query") for one in addresses]

    async def page(self, bound: int) -> list[Document]:
        """The first page of `nsites < bound`."""
        keys = await self._first_keys(_keys_body(bound))
        wanted: dict[int, list[str]] = {}
        for entry_id, site in keys:
            wanted.setdefault(site, []).append(entry_id)
        asked = [self._read(site, ids) for site, ids in wanted.items()]
        archives = {key: one for part in await asyncio.gather(*asked) for key, one in part.items()}
        return [archives[entry_id, site] for entry_id, site in keys]

    def close(self) -> None:
        """End all connections."""
        for wires in self._wires:
            wires.close()

    async def _first_keys(self, body: bytes) -> list[Key]:
        requests = [with_body(head, body) for head in self._keys]
        pairs = zip(self._wires, requests, strict=True)
        answers = await asyncio.gather(*(wires.ask(request) for wires, request in pairs))
        streams = [
            [(document["entry_id"], site) for document in orjson.loads(answer.body)["data"]]
            for site, answer in enumerate(answers)
        ]
        return list(islice(merge(*streams), PAGE))

    async def _read(self, site: int, ids: list[str]) -> Mapping[Key, Document]:
        request = with_body(self._archives[site], _archives_body(ids))
        answer = await self._wires[site].ask(request)
        return {(one["entry_id"], site): one for one in orjson.loads(answer.body)["data"]}


def _keys_body(bound: int) -> bytes:
    return orjson.dumps(
        {
            "owner": "public",
            "query": {
                "and": [{"quantities": "metadata.optimade"}, {"optimade.nsites": {"lt": bound}}]
            },
            "pagination": {"page_size": PAGE + 1, "order_by": "entry_id", "order": "asc"},
            "required": {"include": FIELDS},
        }
    )


def _archives_body(ids: list[str]) -> bytes:
    return orjson.dumps(
        {
            "owner": "public",
            "query": {"and": [{"entry_id:any": ids}]},
            "pagination": {"page_size": len(ids), "order_by": "entry_id", "order": "asc"},
            "required": ARCHIVE,
        }
    )


def create_fanout(urls: Sequence[str]) -> FastAPI:
    """The app."""
    fanout = Fanout(urls)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        fanout.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/v1/structures")
    async def structures(request: Request) -> Response:
        text = unquote_plus(request.scope["query_string"].decode())
        bound = int(text.partition("nsites<")[2].partition("&")[0] or 10**9)
        data = await fanout.page(bound)
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    return app


def main() -> None:
    """Print the address, then serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sites", help="API addresses, separated by commas")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    bound = socket.create_server(("127.0.0.1", given.port))
    config = uvicorn.Config(
        create_fanout(given.sites.split(",")),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        http="h11",
    )
    print(orjson.dumps([f"http://127.0.0.1:{bound.getsockname()[1]}"]).decode(), flush=True)
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()

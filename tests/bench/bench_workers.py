"""More workers, and replicas behind HAProxy that share a Valkey or Redis."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.bench.balancer import balanced, cache_server, missing_programs
from tests.bench.gateway_process import DEFAULTS, PREFIX, gateway
from tests.bench.load import Load, distinct_filter
from tests.bench.measuring import Effort, Figures, Row, side_by_side
from tests.bench.processes import Running, loader, stubs

CLIENTS = 32


def workers(effort: Effort) -> Iterator[Row]:
    """Two workers over one, four over one where there are cores enough."""
    cores = os.cpu_count() or 1
    for count in (2, 4):
        what = f"{count} workers over 1"
        if cores < count:
            yield Row(what, f"not measured: {cores} cores", ">= 1.8" if count == 2 else "")
            continue
        with (
            stubs(5) as sites,
            gateway(sites.urls) as one,
            gateway(sites.urls, workers=count) as more,
            loader() as clients,
        ):
            load = Load("", clients=CLIENTS)
            servers = {"one": one, "more": more}
            found = side_by_side(servers, load, loader=clients, effort=effort)
        yield Row(what, _ratio(found["more"], found["one"], cores), ">= 1.8")


def replicas(effort: Effort) -> Iterator[Row]:
    """Two replicas behind HAProxy with a shared cache over one; cursors and caches cross."""
    what = "2 replicas behind HAProxy with a shared cache over 1"
    if missing := missing_programs():
        yield Row(what, f"left out: needs {missing}", ">= 1.8")
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        stubs(5, entries=400) as sites,
        cache_server(Path(folder)) as address,
    ):
        shared = {"GATEWAY_CACHE__BACKEND": "redis", "GATEWAY_CACHE__URL": address}
        with (
            gateway(sites.urls, environment=DEFAULTS | shared) as a,
            gateway(sites.urls, environment=DEFAULTS | shared) as b,
            _balanced((a, b), Path(folder)) as both,
            loader() as clients,
        ):
            load = Load("", clients=CLIENTS)
            found = side_by_side({"one": a, "both": both}, load, loader=clients, effort=effort)
            yield Row(what, _ratio(found["both"], found["one"], os.cpu_count() or 1), ">= 1.8")
            yield Row("a walk whose pages alternate between replicas", _cross(a, b, 2_000), "all")
            yield Row("a walk through HAProxy", _cross(both, both, 2_000), "all")
            yield Row("an answer asked of one replica, at the other", _share(a, b), "cached")


def _ratio(more: Figures, one: Figures, cores: int) -> str:
    failed = f"; {more.failed} failed" if more.failed else ""
    return (
        f"{more.per_s / one.per_s:.2f} ({more.per_s:.0f} / {one.per_s:.0f} per s{failed}; "
        f"CPU per query {more.cpu_ms:.1f} / {one.cpu_ms:.1f} ms; stubs and clients on the same "
        f"{cores} cores)"
    )


def _cross(first: Running, second: Running, expected: int) -> str:
    """Walk along the links, each page from the other server."""
    servers, seen, pages = (first, second), list[str](), 0
    url: str | None = f"{first.url}/v1/structures?page_limit=100"
    with httpx.Client(timeout=60) as client:
        while url is not None:
            parts = urlsplit(url)
            target = f"{servers[pages % 2].url}{parts.path}?{parts.query}"
            document = client.get(target).raise_for_status().json()
            seen += [one["id"] for one in document["data"]]
            url, pages = document["links"].get("next"), pages + 1
    whole = "all" if len(seen) == len(set(seen)) == expected else "NOT ALL"
    return f"{whole}: {len(set(seen))} of {expected} entries on {pages} pages"


def _share(first: Running, second: Running) -> str:
    """What the second replica's sites did for a page that the first has just served."""
    parameters = {"filter": distinct_filter()}
    states = []
    for server in (first, second):
        answer: Any = httpx.get(f"{server.url}/v1/structures", params=parameters, timeout=30)
        sites = answer.raise_for_status().json()["meta"][f"_{PREFIX}_sites"]
        states.append(sorted({one["state"] for one in sites}))
        time.sleep(0.2)  # writing to the cache does not delay an answer
    return f"first {', '.join(states[0])}; then {', '.join(states[1])}"


@contextlib.contextmanager
def _balanced(servers: Sequence[Running], folder: Path) -> Iterator[Running]:
    """HAProxy before the servers; the processor time is theirs, not its own."""
    ports = [urlsplit(one.url).port or 80 for one in servers]
    with balanced(ports, folder) as address:
        pids = tuple(pid for one in servers for pid in one.pids)
        yield Running(pids, (address,))

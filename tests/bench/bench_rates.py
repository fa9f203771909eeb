"""Queries per second and processor time, beside the bare fan-out over the same stubs."""

from collections.abc import Iterator

from tests.bench.agreeing import check_page
from tests.bench.gateway_process import DEFAULTS, gateway
from tests.bench.load import Load, Questions
from tests.bench.measuring import Effort, Figures, Row, side_by_side
from tests.bench.memory import MIB
from tests.bench.processes import Loader, Running, fanout, loader, stubs

CLIENTS = (1, 8, 32)
SITES = 5


def five_sites(effort: Effort) -> Iterator[Row]:
    """One worker over five stubs, distinct filters, no cache: rates, then processor time."""
    with stubs(SITES) as sites, fanout(sites.urls) as bare, gateway(sites.urls) as own:
        check_page(own.url, sites=SITES, bare=bare.url)
        servers = {"gateway": own, "bare": bare}
        with loader() as clients:
            yield from _rates(servers, clients, effort)


def kept(effort: Effort) -> Iterator[Row]:
    """The same with the shipped caches, for distinct and for repeated filters."""
    with (
        stubs(SITES) as sites,
        fanout(sites.urls) as bare,
        gateway(sites.urls, environment=DEFAULTS) as own,
        loader() as clients,
    ):
        servers = {"gateway": own, "bare": bare}
        kinds: tuple[Questions, ...] = ("distinct", "repeated")
        for questions in kinds:
            load = Load("", clients=8, questions=questions)
            found = side_by_side(servers, load, loader=clients, effort=effort)
            what = f"the same with the shipped caches, {questions} filters, 8 clients"
            yield Row(what, _ratio(found["gateway"], found["bare"]))


def beside(effort: Effort) -> Iterator[Row]:
    """This source tree and another one, over five stubs and over fifty."""
    if effort.beside is None:
        yield Row("this source tree beside another", "left out: --beside FOLDER")
        return
    for sites_count, clients_count in ((5, 1), (5, 8), (50, 1)):
        with (
            stubs(sites_count) as sites,
            gateway(sites.urls) as this,
            gateway(sites.urls, source=effort.beside) as other,
            loader() as clients,
        ):
            servers, load = {"this": this, "other": other}, Load("", clients=clients_count)
            found = side_by_side(servers, load, loader=clients, effort=effort)
        own, before = found["this"], found["other"]
        yield Row(
            f"this source tree / {effort.beside}: {sites_count} stubs, c = {clients_count}",
            f"{own.per_s / before.per_s:.2f} times the rate ({own.per_s:.0f} / "
            f"{before.per_s:.0f} per s); CPU per query {own.cpu_ms:.1f} / {before.cpu_ms:.1f} ms; "
            f"p50 {own.p50_ms:.1f} / {before.p50_ms:.1f} ms; failed {own.failed} / {before.failed}",
        )


def fifty_sites(effort: Effort) -> Iterator[Row]:
    """Fifty stubs of 20 ms beside one such stub, one client."""
    with (
        stubs(50, latency_s=0.02) as sites,
        gateway(sites.urls) as over_50,
        gateway(sites.urls[:1]) as over_1,
        fanout(sites.urls) as bare,
        loader() as clients,
    ):
        check_page(over_50.url, sites=50, bare=bare.url)
        servers = {"50": over_50, "1": over_1, "bare": bare}
        found = side_by_side(servers, Load(""), loader=clients, effort=effort)
        memory = [server.memory_bytes() / MIB for server in (over_50, over_1)]
    many, one = found["50"], found["1"]
    yield Row(
        "50 stubs of 20 ms over one: p50",
        f"{many.p50_ms / one.p50_ms:.2f} ({many.p50_ms:.0f} / {one.p50_ms:.0f} ms; "
        f"fan-out over 50: {found['bare'].p50_ms:.0f} ms)",
        "<= 2.2",
    )
    yield Row(
        "50 stubs of 20 ms: CPU per query",
        f"{many.cpu_ms:.1f} ms (over one: {one.cpu_ms:.1f}; "
        f"fan-out over 50: {found['bare'].cpu_ms:.1f}); memory {memory[0]:.0f} MiB, "
        f"over one {memory[1]:.0f}",
        "<= 30 ms",
    )


def _rates(servers: dict[str, Running], clients: Loader, effort: Effort) -> Iterator[Row]:
    for count in CLIENTS:
        load = Load("", clients=count)
        found = side_by_side(servers, load, loader=clients, effort=effort)
        own, bare = found["gateway"], found["bare"]
        what = f"five stubs, queries/s of one worker / bare fan-out, c = {count}"
        yield Row(what, _ratio(own, bare), ">= 0.4")
        yield Row(
            f"CPU per query, five stubs, page of 20, c = {count}",
            f"{own.cpu_ms:.2f} ms (fan-out {bare.cpu_ms:.2f})",
            "<= 4.5 ms",
        )


def _ratio(own: Figures, bare: Figures) -> str:
    failed = f"; {own.failed} failed" if own.failed else ""
    return (
        f"{own.per_s / bare.per_s:.2f} ({own.per_s:.0f} / {bare.per_s:.0f} per s; "
        f"by processor time {bare.cpu_ms / own.cpu_ms:.2f}; "
        f"p50 {own.p50_ms:.1f}, p99 {own.p99_ms:.0f} ms{failed})"
    )

"""Every fault in every phase: what is in the answer, what is not, and that nothing is lost."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.config import TimeoutKeys
from tests.faults.cells import Cell, Ground
from tests.faults.gateways import (
    gateway,
    ids_of,
    make_config,
    oases,
    until_known,
    warnings_of,
)
from tests.faults.proxy import Proxy, make_faults, proxies
from tests.faults.table import PHASES, Row, rows
from tests.whole.oases import make_line

BUSY_S = 20
EACH, LIMIT, OFFSET = 80, 60, 152
SITES = ("amber", "broken", "coral")
BAD = "broken"
LINES = {
    site: [
        make_line(f"e{place + 3 * number:03d}-{site}", nsites=number, upload_id=f"upload-{site}")
        for number in range(EACH)
    ]
    for place, site in enumerate(SITES)
}
EVERY = sorted(
    (f"{site}~{line['metadata']['entry_id']}" for site, lines in LINES.items() for line in lines),
    key=lambda one: one.partition("~")[2],
)
GROUND = Ground(
    url=f"/v1/structures?response_fields=species_at_sites&page_limit={LIMIT}",
    every=tuple(EVERY),
    bad=BAD,
    limit=LIMIT,
    offset=OFFSET,
    longest_s=60 + BUSY_S,
)


@pytest.fixture
async def addresses() -> AsyncIterator[dict[str, str]]:
    async with oases(LINES) as found:
        yield found


def test_table() -> None:
    """The table has a row for every fault there is."""
    assert sorted(row.fault for row in rows()) == sorted([*make_faults(), "refuse"])


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.fault)
async def test_fault(row: Row, addresses: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """The answer is exact about what is in it; the other sites and later answers are unharmed."""
    caplog.set_level(logging.INFO)
    async with (
        proxies(dict.fromkeys(PHASES, addresses[BAD])) as standing,
        asyncio.TaskGroup() as group,
    ):
        for phase in PHASES:
            group.create_task(try_cell(row, phase, addresses, standing))
    ours = [one for one in caplog.records if one.name.startswith(("gateway", "asyncio"))]
    wrong = [one for one in ours if one.exc_info or one.levelno >= logging.ERROR]
    assert [(one.name, one.getMessage(), one.exc_info) for one in wrong] == []
    logged = [one for one in ours if f"site {BAD} is missing" in one.getMessage()]
    assert bool(logged) == ("failed" in row.outcomes.values())


async def try_cell(
    row: Row, phase: str, addresses: dict[str, str], proxies: dict[str, Proxy]
) -> None:
    # a site that is slow and answers has time on a busy machine, too; those that do not answer have
    # what is shipped
    budget_s = TimeoutKeys().budget_s + (BUSY_S if row.fault == "slow" else 0)
    config = make_config(
        {**addresses, BAD: proxies[phase].url}, timeouts=TimeoutKeys(budget_s=budget_s)
    )
    ground = replace(GROUND, longest_s=config.timeouts.budget_s + BUSY_S)
    async with gateway(config, known=SITES) as client:
        try:
            await Cell(row, phase, client, proxies[phase], ground).try_it()
        except Exception as error:
            error.add_note(f"in phase {phase}")
            raise


async def test_all_sites_missing(addresses: dict[str, str]) -> None:
    """503 with Retry-After that names them all, and `forbid` makes one missing site enough."""
    async with proxies(addresses) as standing:
        config = make_config({name: proxy.url for name, proxy in standing.items()})
        async with gateway(config, known=SITES) as client:
            await standing[BAD].refuse()
            response = await client.get("/v1/structures?_fed_partial=forbid")
            assert (response.status_code, "retry-after" in response.headers) == (503, True)
            for proxy in standing.values():
                await proxy.refuse()
            response = await client.get("/v1/structures")
            assert response.status_code == 503
            assert all(name in response.json()["errors"][0]["detail"] for name in SITES)


async def test_started_with_a_site_down(addresses: dict[str, str]) -> None:
    """The gateway starts and answers without it; its part of the counts is not known, and told."""
    async with proxies({BAD: addresses[BAD]}) as standing:
        await standing[BAD].refuse()
        config = make_config({**addresses, BAD: standing[BAD].url})
        async with gateway(config, known=("amber", "coral")) as client:
            page = (await client.get("/v1/structures")).json()
            assert page["meta"]["data_returned"] == 2 * EACH
            assert "it is not in data_returned" in warnings_of(page, "site_failed")[0]
            await standing[BAD].listen()
            await until_known(client, BAD)
            assert (await client.get("/ready")).status_code == 200


async def test_timeout(addresses: dict[str, str]) -> None:
    """`_<prefix>_timeout` gives one request less time, and the others' entries still come."""
    async with proxies({BAD: addresses[BAD]}) as standing:
        config = make_config({**addresses, BAD: standing[BAD].url})
        async with gateway(config, known=SITES) as client:
            standing[BAD].break_with(make_faults()["hang"])
            began = time.monotonic()
            page = (await client.get("/v1/structures?_fed_timeout=3&page_limit=10")).json()
            assert time.monotonic() - began < BUSY_S
            assert ids_of(page) == list(GROUND.good[:10])
            wrong = await client.get("/v1/structures?_fed_timeout=60.5")
            assert wrong.status_code == 400

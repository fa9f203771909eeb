"""An unhealthy site is distinguished from a faulty request, and costs its callers little."""

import asyncio
import logging

import pytest

from gateway.fetch.http.coalescing import BLAMED_S, SUSPECT_S
from gateway.fetch.http.resilience.circuit_breaker import PAUSE_S, PROBE_S
from tests.fetch.asking import BUDGET_S, PATH, ask, failure, timed_failure

pytestmark = pytest.mark.slow

KEYS_S = 0.7 * BUDGET_S
"""What a site has for its keys when the caller says nothing (search.deadlines)."""


class Sleeps:
    """A sleep that ends when told."""

    def __init__(self):
        self.asked = []
        self._go = asyncio.Event()

    async def __call__(self, seconds):
        self.asked.append(seconds)
        if seconds < 1:  # a retry
            return
        self._go.clear()
        await self._go.wait()

    def end(self):
        self._go.set()


async def until(condition, *, within_s=20.0):
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
async def site_of(servers):
    """A server whose requests and probes answer with `status` and `probe_status`; None hangs."""

    async def answer(connection, request):
        status = server.probe_status if request.is_probe else server.status
        if status is None:
            await asyncio.sleep(600)
        await connection.respond({}, status=status)

    server = await servers.answering(answer)
    server.status = server.probe_status = "200 OK"
    return server


async def test_a_dead_site_is_left_alone_and_comes_back_by_itself(
    site_of, client_of, heard, caplog
):
    """Callers are told at once; a probe, not a caller, finds out that it is back."""
    sleeps = Sleeps()
    client = client_of(site_of, with_={"observer": heard, "sleep": sleeps}, attempts=1)
    site_of.status = site_of.probe_status = "503 Down"
    with caplog.at_level(logging.INFO, logger="gateway"):
        await failure(client, {"n": 1})
        await until(lambda: client.circuit.state == "open")
        error, took_s = await timed_failure(client)
        assert error.circuit_open
        assert error.happened == (
            "not asked, as it failed once, last: HTTP 503 Service Unavailable; "
            "it is tried again in 1 s"
        )
        assert took_s < 0.5
        assert len(site_of.requests) == 1
        site_of.status = site_of.probe_status = "200 OK"
        sleeps.end()
        await until(lambda: client.circuit.state == "closed")
    assert len(site_of.requests) == 1
    assert (await ask(client)).state == "ok"
    assert heard.breakers == ["open", "half-open", "closed"]
    assert [outcome for _, outcome in heard.requests] == ["failed", "circuit_open", "ok"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


NOT_ITS_HEALTH = {
    "a crash of one filter": ("500 Broken", PATH),
    "a refusal": ("422 No", PATH),
    "a broken archive": ("500 Broken", "/entries/archive/query"),
    "a single broken archive": ("500 Broken", "/entries/abc/archive/query"),
}


@pytest.mark.parametrize(("status", "path"), NOT_ITS_HEALTH.values(), ids=NOT_ITS_HEALTH)
async def test_a_site_whose_probe_is_well_stays_closed(site_of, client_of, status, path):
    """Ten of these in a row, and it is still asked."""
    client = client_of(site_of)
    site_of.status = status
    for n in range(10):
        assert (await failure(client, {"n": n}, path=path)).status == int(status[:3])
        await asyncio.sleep(0.01)
    assert client.circuit.state == "closed"
    assert len(site_of.requests) == 10
    assert len(site_of.probes) <= 10


@pytest.mark.parametrize("status", ["422 No", "404 None"])
async def test_a_refusal_is_an_answer_of_a_healthy_site(site_of, client_of, status):
    """It has nothing probed, and closes an open circuit as any answer does."""
    client = client_of(site_of)
    site_of.status = status
    for n in range(5):
        await failure(client, {"n": n})
    assert not site_of.probes


async def test_an_impatient_caller_has_nothing_probed(site_of, client_of):
    """A site that had less than a moment may be well."""
    client = client_of(site_of)
    site_of.status = None
    patience_s = BLAMED_S / 2
    await asyncio.gather(*(failure(client, {"n": n}, within_s=patience_s) for n in range(5)))
    assert not site_of.probes


ITS_HEALTH = {
    "a crash": "500 Broken",
    "rate limit": "429 Too many",
    "down behind its proxy": "502 Bad Gateway",
    "redirects elsewhere": "302 Found",
}


@pytest.mark.parametrize("status", ITS_HEALTH.values(), ids=ITS_HEALTH)
async def test_what_has_a_site_probed(site_of, client_of, status):
    """One of these, and it is looked after; when the probe fails as well, it is left alone."""
    client = client_of(site_of, attempts=1)
    site_of.status = site_of.probe_status = status
    await failure(client)
    await until(lambda: client.circuit.state == "open")
    assert len(site_of.probes) == 1


async def test_a_cached_answer_is_given_while_the_circuit_is_open(site_of, client_of, clock):
    """What is known needs no site."""
    client = client_of(site_of, attempts=1, with_={"clock": clock})
    await ask(client, {"n": 1})
    clock += PAUSE_S
    site_of.status = site_of.probe_status = "503 Down"
    await failure(client, {"n": 2})
    await until(lambda: client.circuit.state == "open")
    assert (await ask(client, {"n": 1})).state == "cached"
    assert (await failure(client, {"n": 3})).circuit_open


async def test_who_waits_for_a_slot_is_told_when_the_circuit_opens(site_of, client_of):
    """A queue before a dead site does not wait for its deadlines."""
    client = client_of(site_of, concurrency=1, attempts=1)
    site_of.status = None
    hanging = asyncio.create_task(failure(client, {"n": 0}, within_s=BLAMED_S + 0.1))
    await until(lambda: site_of.requests)
    waiting = [asyncio.create_task(failure(client, {"n": n}, within_s=60)) for n in range(1, 20)]
    await asyncio.sleep(0.01)
    site_of.status = site_of.probe_status = "503 Down"
    await hanging
    errors = await asyncio.wait_for(asyncio.gather(*waiting), client.site.answer_s / 2)
    assert sum(error.circuit_open for error in errors) >= 17
    assert len(site_of.requests) <= 3


async def test_a_patient_caller_waits_for_its_slot(site_of, client_of):
    """Longer than others would, and for the answer of a site that is only busy."""
    client = client_of(site_of, concurrency=1)
    site_of.status = None
    hanging = asyncio.create_task(ask(client, {"n": 0}, within_s=60))
    await until(lambda: site_of.requests)
    patient = asyncio.create_task(ask(client, {"n": 1}, within_s=60))
    await asyncio.sleep(SUSPECT_S + 0.3)
    assert not patient.done()
    site_of.status = "200 OK"
    hanging.cancel()
    assert (await patient).state == "ok"
    assert client.circuit.state == "closed"


async def test_a_patient_caller_of_a_site_that_hangs_is_told_early(site_of, client_of):
    """Its site is probed long before its deadline, and it need not wait for that."""
    client = client_of(site_of)
    site_of.status = site_of.probe_status = None
    error, took_s = await timed_failure(client, within_s=60)
    assert error.happened.endswith(", and none to a probe")
    assert error.is_timeout
    assert SUSPECT_S + PROBE_S <= took_s < 20


async def test_a_patient_caller_of_a_slow_site_gets_its_answer(servers, client_of):
    """The probe finds the site well."""

    async def answer(connection, request):
        if not request.is_probe:
            await asyncio.sleep(SUSPECT_S + 0.5)
        await connection.respond({})

    server = await servers.answering(answer)
    client = client_of(server)
    assert (await ask(client, within_s=60)).state == "ok"
    assert len(server.probes) == 1
    assert len(server.requests) == 1


async def test_a_site_that_hangs_costs_the_first_requests_alone(site_of, client_of):
    """With the shipped defaults: callers wait until 2.8 s, the probe takes 3 s more; from then on
    nobody waits, and that is within 10 s whatever the load."""
    client = client_of(site_of)
    site_of.status = site_of.probe_status = None
    clock = asyncio.get_running_loop().time
    began = clock()
    waits = []

    async def caller(number):
        await asyncio.sleep(0.4 * number)
        error, took_s = await timed_failure(client, body={"n": number}, within_s=KEYS_S)
        waits.append((clock() - began - took_s, took_s, error.circuit_open))

    await asyncio.gather(*(caller(number) for number in range(18)))
    opened = KEYS_S + PROBE_S
    assert opened < 6
    late = [(took_s, is_open) for at, took_s, is_open in waits if at > opened + 0.5]
    assert late
    assert all(is_open for _, is_open in late)
    assert max(took_s for took_s, _ in late) < 0.3
    assert max(at + took_s for at, took_s, is_open in waits if not is_open) < 10
    # and it is used again without any caller's help
    site_of.status = site_of.probe_status = "200 OK"
    await until(lambda: client.circuit.state == "closed", within_s=20)
    assert (await ask(client)).state == "ok"

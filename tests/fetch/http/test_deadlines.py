"""One absolute deadline a caller; what comes too late for one serves the next."""

import asyncio
import gc

import pytest

from gateway.fetch.cache.answers import LATE_S, AnswerCache, open_cache
from gateway.fetch.cache.memory import BoundedMemory
from gateway.fetch.cache.store import LocalStore
from gateway.fetch.http.memory_budget import MemoryBudget, MemoryScope
from tests.fetch.asking import PATH, ask, failure, timed_failure


@pytest.fixture
async def held(servers):
    """A server that answers when `go` is set; `gone` counts requests whose caller hung up."""

    async def answer(connection, request):
        if request.is_probe:
            await connection.respond({})
            return
        gone = asyncio.ensure_future(connection.reader.read(1))
        went = asyncio.ensure_future(server.go.wait())
        await asyncio.wait((gone, went), return_when=asyncio.FIRST_COMPLETED)
        went.cancel()
        await asyncio.gather(went, return_exceptions=True)
        if gone.done():
            server.gone += 1
            raise asyncio.IncompleteReadError(b"", 1)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await connection.respond({"n": request.json.get("n")})

    server = await servers.answering(answer)
    server.go, server.gone = asyncio.Event(), 0
    return server


async def until(condition, *, within_s=20.0):
    """Wait for what happens soon."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


# the caller's deadline


async def test_no_answer_in_time(held, client_of):
    """A site that accepts and says nothing costs its caller the caller's time."""
    error, took_s = await timed_failure(client_of(held), within_s=0.2)
    assert error.happened == "timed out after 0.2 s"
    assert error.is_timeout
    assert 0.2 <= took_s < 2
    assert len(held.requests) == 1


DRIPS = {
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "head": (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
}


@pytest.mark.parametrize(("head", "drop"), DRIPS.values(), ids=DRIPS)
async def test_a_slow_drip_ends_at_the_deadline(servers, client_of, head, drop):
    """Bytes that trickle do not keep a request alive."""

    async def drip(connection, request):
        await connection.send(head)
        while True:
            await connection.send(drop)
            await asyncio.sleep(0.02)

    client = client_of(await servers.answering(drip))
    error, took_s = await timed_failure(client, within_s=0.2)
    assert error.happened == "timed out after 0.2 s"
    assert took_s < 2


async def test_a_stream_waits_as_long_as_the_sites_own_limit(held, client_of):
    """Without a deadline `answer_s` holds."""
    error, took_s = await timed_failure(client_of(held, answer_s=0.2), within_s=None)
    assert error.happened == "timed out after 0.2 s"
    assert took_s < 2


@pytest.mark.parametrize("within_s", [0, -1, 0.01])
async def test_without_time_nothing_is_asked(held, client_of, within_s):
    """A request that could only be late is not sent."""
    error = await failure(client_of(held), within_s=within_s)
    assert error.happened == "not asked: no time was left"
    assert error.is_timeout
    assert not held.requests


async def test_a_cached_answer_needs_no_time(held, client_of):
    """It is there whatever is left."""
    client = client_of(held)
    held.go.set()
    await ask(client)
    assert (await ask(client, within_s=0)).state == "cached"


async def test_retries_end_with_the_deadline(servers, client_of):
    """Attempts and waits have one deadline together."""

    async def answer(connection, request):
        await connection.respond(b"", status="503 Slow down")

    server = await servers.answering(answer)
    error, took_s = await timed_failure(client_of(server, attempts=50), within_s=0.6)
    assert error.happened in ("HTTP 503 Service Unavailable", "timed out after 0.6 s")
    assert took_s < 3
    assert 2 <= len(server.requests) <= 8


async def test_waiting_for_a_slot_counts(held, client_of):
    """Who finds all slots taken is told so when its time is over; it never reaches the site."""
    client = client_of(held, concurrency=1)
    first = asyncio.create_task(ask(client, {"n": 1}))
    await until(lambda: held.requests)
    error, took_s = await timed_failure(client, within_s=0.2)
    assert error.happened == "not asked: its 1 slots were taken for 0.2 s"
    assert error.is_timeout
    assert took_s < 2
    held.go.set()
    assert (await first).data == {"n": 1}
    assert (await ask(client, {"n": 2})).data == {"n": 2}
    assert len(held.requests) == 2


async def test_at_most_c_requests_at_a_time(servers, client_of, heard):
    """The site never sees more."""
    now, most = 0, 0

    async def answer(connection, request):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        await connection.respond({})

    server = await servers.answering(answer)
    client = client_of(server, concurrency=3, with_={"observer": heard})
    await asyncio.gather(*(ask(client, {"n": n}) for n in range(12)))
    assert len(server.requests) == 12
    assert most == 3
    assert server.connections <= 3
    assert heard.waiting == 0


# callers who leave


async def test_a_caller_who_leaves_ends_what_nobody_else_waits_for(held, client_of, heard):
    """The site sees the end of the connection while it still computes; nothing is cached."""
    client = client_of(held, with_={"observer": heard})
    caller = asyncio.create_task(ask(client, {"n": 1}))
    await until(lambda: held.requests)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await until(lambda: held.gone == 1)
    assert heard.requests == [(PATH, "cancelled")]
    assert not held.probes
    held.go.set()
    assert (await ask(client, {"n": 1})).state == "ok"


async def test_a_caller_who_leaves_does_not_fail_another(held, client_of):
    """The request goes on while anybody waits for it."""
    client = client_of(held)
    first = asyncio.create_task(ask(client, {"n": 1}))
    await until(lambda: held.requests)
    second = asyncio.create_task(ask(client, {"n": 1}))
    await asyncio.sleep(0.02)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    held.go.set()
    assert (await second).data == {"n": 1}
    assert len(held.requests) == 1


async def test_cancelled_callers_have_nothing_probed(held, client_of):
    """Who goes away says nothing of the site."""
    client = client_of(held)
    for n in range(20):
        caller = asyncio.create_task(ask(client, {"n": n}))
        await asyncio.sleep(0.005)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
    assert not held.probes
    assert client.circuit.state == "closed"


async def test_an_impatient_caller_does_not_shorten_anothers_time(held, client_of):
    """Each has its own deadline, whoever came first."""
    client = client_of(held)
    hasty = asyncio.create_task(failure(client, {"n": 1}, within_s=0.1))
    await until(lambda: held.requests)
    patient = asyncio.create_task(ask(client, {"n": 1}))
    assert (await hasty).happened == "timed out after 0.1 s"
    held.go.set()
    assert (await patient).data == {"n": 1}
    assert len(held.requests) == 1


# late answers


async def test_a_late_answer_serves_the_next_equal_request(held, client_of, heard):
    """It is cached when it comes: a slow filter answers at the second try, not never."""
    client = client_of(held, with_={"observer": heard})
    await failure(client, {"n": 1}, within_s=0.1)
    held.go.set()
    await until(lambda: heard.requests == [(PATH, "ok")])
    answer = await ask(client, {"n": 1})
    assert (answer.data, answer.state) == ({"n": 1}, "cached")
    assert len(held.requests) == 1
    assert held.gone == 0


async def test_a_late_answer_is_kept_for_longer(held, client_of, clock, heard):
    """Its caller was told to come back after some seconds."""
    store = LocalStore(BoundedMemory(max_bytes=2**20, clock=clock), max_value_bytes=2**17)
    cache = AnswerCache(store, answers_s=10.0, now=clock)
    client = client_of(held, with_={"cache": cache, "observer": heard})
    await failure(client, {"n": 1}, within_s=0.1)
    held.go.set()
    await until(lambda: heard.requests)
    await ask(client, {"n": 2})
    clock += LATE_S - 1
    assert (await ask(client, {"n": 1})).state == "cached"
    assert (await ask(client, {"n": 2})).state == "ok"
    clock += 2
    assert (await ask(client, {"n": 1})).state == "ok"


async def test_an_equal_request_joins_late_work(held, client_of, heard):
    """Nothing is sent twice, and the joiner gets the answer as it comes."""
    client = client_of(held, with_={"observer": heard})
    await failure(client, {"n": 1}, within_s=0.1)
    again = asyncio.create_task(ask(client, {"n": 1}))
    await asyncio.sleep(0.02)
    held.go.set()
    assert (await again).state == "ok"
    assert len(held.requests) == 1
    assert heard.cached[-1] == "joined"


async def test_late_work_ends_at_the_sites_limit(held, client_of):
    """`answer_s` after it was sent the connection is closed."""
    client = client_of(held, answer_s=0.4)
    await failure(client, {"n": 1}, within_s=0.1)
    assert held.gone == 0
    await until(lambda: held.gone == 1)


async def test_late_work_counts_within_the_slots_and_makes_way(held, client_of):
    """The site never sees more than C; who asks now goes before who has given up, oldest first."""
    client = client_of(held, concurrency=2)
    await asyncio.gather(*(failure(client, {"n": n}, within_s=0.1) for n in (1, 2)))
    assert (len(held.requests), held.gone) == (2, 0)
    third = asyncio.create_task(ask(client, {"n": 3}))
    await until(lambda: held.gone == 1)
    await until(lambda: len(held.requests) == 3)
    held.go.set()
    assert (await third).data == {"n": 3}
    # of the two late ones the younger went on, and its answer is cached
    await asyncio.sleep(0.05)
    held.go.clear()
    assert (await ask(client, {"n": 2})).state == "cached"
    held.go.set()
    assert (await ask(client, {"n": 1})).state == "ok"


async def test_late_work_makes_way_for_many(held, client_of):
    """Each who waits for a slot gets one."""
    client = client_of(held, concurrency=3)
    await asyncio.gather(*(failure(client, {"n": n}, within_s=0.1) for n in range(3)))
    callers = [asyncio.create_task(ask(client, {"n": 10 + n})) for n in range(3)]
    await until(lambda: held.gone == 3)
    held.go.set()
    assert [(await caller).data["n"] for caller in callers] == [10, 11, 12]


async def test_what_becomes_late_while_others_wait_makes_way(held, client_of):
    """They waited for the slot before it was late."""
    client = client_of(held, concurrency=1)
    first = asyncio.create_task(failure(client, {"n": 1}, within_s=0.2))
    await until(lambda: held.requests)
    others = [asyncio.create_task(ask(client, {"n": n}, within_s=10)) for n in (2, 3)]
    await first
    await until(lambda: held.gone == 1)
    held.go.set()
    assert [(await other).data["n"] for other in others] == [2, 3]


async def test_what_becomes_late_with_the_rest_of_its_caller_goes_on(held, client_of):
    """Those who wait for its slot give up in the same moment."""
    client = client_of(held, concurrency=1)
    await asyncio.gather(*(failure(client, {"n": n}, within_s=0.1) for n in (1, 2, 3)))
    await asyncio.sleep(0.1)
    assert held.gone == 0
    held.go.set()
    await until(lambda: not client._slots.taken)
    assert (await ask(client, {"n": 1})).state == "cached"


async def test_private_requests_are_never_late(held, client_of):
    """What is for one caller alone ends with the caller."""
    client = client_of(held, forward_token=True)
    await failure(client, {"n": 1}, within_s=0.1, token="caller")
    await until(lambda: held.gone == 1)
    held.go.set()
    assert (await ask(client, {"n": 1}, token="caller")).state == "ok"
    assert (await ask(client, {"n": 1})).state == "ok"
    assert len(held.requests) == 3


async def test_what_comes_late_is_kept_by_who_wanted_it(held, client_of):
    """`keep` gets the answer though its caller has gone: so archives are cached."""
    kept = []
    client = client_of(held)
    await failure(client, {"n": 1}, within_s=0.1, keep=kept.append)
    assert kept == []
    held.go.set()
    await until(lambda: kept)
    assert kept == [{"n": 1}]


async def test_late_answers_leak_no_memory(held, client_of, heard):
    """Nobody holds what nobody waits for; a caller's scope holds what it used until it closes."""
    budget = MemoryBudget()
    client = client_of(held, with_={"budget": budget, "observer": heard})
    scopes = [MemoryScope() for _ in range(3)]
    await failure(client, {"n": 1}, within_s=0.1, scope=scopes[0])
    hasty = asyncio.create_task(failure(client, {"n": 2}, within_s=0.1, scope=scopes[1]))
    patient = asyncio.create_task(ask(client, {"n": 2}, scope=scopes[2]))
    await hasty
    held.go.set()
    await patient
    await until(lambda: len(heard.requests) == 2)
    assert budget.held > 0
    for scope in scopes[:2]:
        scope.close()
    assert budget.held > 0
    scopes[2].close()
    assert budget.held == 0


@pytest.fixture
def without_gc():
    """No garbage collector comes to help."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_gc")
async def test_a_waiter_cancelled_as_its_answer_comes_leaks_no_memory(held, client_of):
    """Whatever the order of events, and without waiting for the garbage collector."""
    budget = MemoryBudget()
    client = client_of(held, with_={"budget": budget, "cache": open_cache("none")})
    held.go.set()
    for turns in range(60):
        scope = MemoryScope()
        caller = asyncio.create_task(ask(client, {"n": turns}, scope=scope))
        for _ in range(turns):
            await asyncio.sleep(0)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        scope.close()
        del caller
        await until(lambda: budget.held == 0)


# shutting down


async def test_closing_ends_requests_with_words(held, client_of):
    """At shutdown callers get an error of their site, not a cancellation."""
    client = client_of(held)
    caller = asyncio.create_task(failure(client))
    await until(lambda: held.requests)
    await client.close()
    assert (await caller).happened == "not asked: the gateway is shutting down"


async def test_closing_leaves_nothing_behind(held, client_of):
    """No task, no connection: neither of callers, nor late, nor warm, nor probes."""
    before = asyncio.all_tasks()
    client = client_of(held)
    caller = asyncio.create_task(ask(client, {"n": 1}))
    await failure(client, {"n": 2}, within_s=0.1)
    await client.close()
    await asyncio.gather(caller, return_exceptions=True)
    await until(lambda: held.open == 0)
    left = {task for task in asyncio.all_tasks() - before if "serve" not in repr(task)}
    assert not left

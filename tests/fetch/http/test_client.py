"""A question in, an answer or a SiteError out: deadlines, attempts, cache, breaker, identity."""

import asyncio
import logging
from dataclasses import replace

import httpx
import orjson
import pytest

import gateway
from gateway.errors import SiteError
from gateway.fetch.cache.answers import AnswerCache, open_cache
from gateway.fetch.cache.memory import BoundedMemory
from gateway.fetch.cache.store import Store
from gateway.fetch.http.client import SiteClient

PATH = "/entries/query"
DOING = "read page of entries"
BODY = {"owner": "public", "query": {"quantities": "metadata.optimade"}}


def ask(client, body=BODY, *, path=PATH, doing=DOING, **options):
    return client.ask(path, body, doing=doing, **options)


async def failure(client, body=BODY, **options) -> SiteError:
    with pytest.raises(SiteError) as caught:
        await ask(client, body, **options)
    return caught.value


async def counted(servers, *, status="200 OK", after=0.0, headers=()):
    """A server that numbers its answers; `server.status` may be changed."""

    async def answer(connection, request):
        body = {"n": len(server.requests)}
        await asyncio.sleep(server.after)
        await connection.respond(body, status=server.status, headers=server.headers)

    server = await servers.answering(answer)
    server.status, server.after, server.headers = status, after, headers
    return server


# what goes out


async def test_a_question_and_its_answer(servers, client_of):
    """JSON is posted to the path below the site's API; the answer's object comes back."""
    server = await counted(servers)
    answer = await ask(client_of(server), request_id="r-1")
    assert (answer.data, answer.state) == ({"n": 1}, "ok")
    assert 0 < answer.milliseconds < 1000
    (request,) = server.requests
    assert request.line == "POST /api/v1/entries/query HTTP/1.1"
    assert request.json == BODY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"nomad-optimade-gateway/{gateway.__version__}"
    assert request.headers["x-request-id"] == "r-1"
    assert request.headers["accept-encoding"] == "gzip"
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


async def test_get_has_no_body(servers, client_of):
    """`/info` is read, not asked with a body."""
    server = await counted(servers)
    answer = await client_of(server).get("/info", doing="read version")
    assert answer.data == {"n": 1}
    (request,) = server.requests
    assert request.line == "GET /api/v1/info HTTP/1.1"
    assert request.body == b""
    assert "content-type" not in request.headers


@pytest.mark.parametrize("request_id", ["", "a\r\nX-Evil: 1", "x" * 200, "é", "a b"])
async def test_a_request_id_that_fits_no_header_is_left_out(servers, client_of, request_id):
    """Nobody writes headers of ours by a request id."""
    server = await counted(servers)
    await ask(client_of(server), request_id=request_id)
    assert "x-request-id" not in server.requests[0].headers
    assert "x-evil" not in server.requests[0].headers


async def test_one_connection_serves_many_requests(servers, client_of):
    """Connections are kept alive and used again."""
    server = await counted(servers)
    client = client_of(server)
    for n in range(5):
        await ask(client, {"n": n})
    assert server.connections == 1


async def test_cookies_are_never_sent_back(servers, client_of):
    """A site cannot recognise callers by cookies, nor mix up their sessions."""
    server = await counted(servers, headers=(("Set-Cookie", "session=1; Path=/"),))
    client = client_of(server.url.replace("127.0.0.1", "localhost"))
    await ask(client, {"n": 1})
    await ask(client, {"n": 2})
    assert "cookie" not in server.requests[1].headers


async def test_a_body_that_is_no_json_is_an_error_of_words(client_of, site):
    """Integers beyond 64 bits cannot be written."""
    error = await failure(client_of(site.url), {"n": 2**70})
    assert error.happened == "not asked: the question cannot be written as JSON"


async def test_the_environment_is_ignored(servers, client_of, monkeypatch):
    """Proxies come from the configuration alone."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = await counted(servers)
    assert (await ask(client_of(server))).data == {"n": 1}


# statuses


@pytest.mark.parametrize(
    ("status", "attempts", "refused"),
    [
        ("400 Bad Request", 1, True),
        ("404 Not Found", 1, True),
        ("422 Unprocessable Entity", 1, True),
        ("429 Too Many Requests", 3, False),
        ("500 Internal Server Error", 1, False),
        ("502 Bad Gateway", 3, False),
        ("503 Service Unavailable", 3, False),
        ("504 Gateway Timeout", 3, False),
    ],
)
async def test_which_statuses_are_tried_again(servers, client_of, status, attempts, refused):
    """What may pass is sent three times, a refusal or a crash once."""
    server = await counted(servers, status=status)
    error = await failure(client_of(server))
    assert len(server.requests) == attempts
    assert error.status == int(status[:3])
    assert error.refused is refused
    assert error.happened.startswith(f"HTTP {status[:3]}")
    assert (error.site, error.doing) == ("oasis-b", DOING)


async def test_a_site_that_comes_to_itself_is_not_noticed(servers, client_of):
    """A retry that works is a good answer."""

    async def answer(connection, request):
        good = len(server.requests) > 2
        await connection.respond({"n": 1}, status="200 OK" if good else "503 Slow down")

    server = await servers.answering(answer)
    client = client_of(server)
    assert (await ask(client)).state == "ok"
    assert len(server.requests) == 3
    assert client.breaker.failures == 0


async def test_retry_after_that_fits_is_waited_for(servers, client_of):
    """The site says when to come again."""

    async def answer(connection, request):
        if len(server.requests) > 1:
            await connection.respond({})
        else:
            headers = (("Retry-After", "0.3"),)
            await connection.respond({}, status="503 Slow down", headers=headers)

    server = await servers.answering(answer)
    answer = await ask(client_of(server))
    assert answer.milliseconds >= 300


async def test_retry_after_that_does_not_fit_fails_at_once(servers, client_of):
    """Nobody waits for what cannot come in time; the caller learns when to come again."""
    server = await counted(
        servers, status="503 Service Unavailable", headers=(("Retry-After", "30"),)
    )
    loop = asyncio.get_running_loop()
    began = loop.time()
    error = await failure(client_of(server))
    assert loop.time() - began < 0.5
    assert error.retry_after_s == 30
    assert len(server.requests) == 1


async def test_a_refusal_says_why_in_short(servers, client_of):
    """NOMAD's detail is passed on."""

    async def answer(connection, request):
        detail = [{"loc": ["query"], "msg": "optimade.x is not a doc quantity"}]
        await connection.respond({"detail": detail}, status="422 Unprocessable Entity")

    error = await failure(client_of(await servers.answering(answer)))
    assert error.happened == "HTTP 422: optimade.x is not a doc quantity"
    assert str(error) == f"{DOING} from oasis-b: HTTP 422: optimade.x is not a doc quantity"


# deadlines


async def timed(client, **options):
    clock = asyncio.get_running_loop().time
    began = clock()
    error = await failure(client, **options)
    return error, clock() - began


async def test_no_first_byte_in_time(servers, client_of):
    """A site that accepts and says nothing ends at its deadline for the first byte."""
    server = await counted(servers, after=5)
    error, took_s = await timed(client_of(server))
    assert error.happened == "timed out after 0.45 s without an answer"
    assert 0.4 < took_s < 1.5
    assert len(server.requests) == 1


async def test_a_slow_drip_ends_at_the_total_deadline(servers, client_of):
    """Bytes that trickle do not keep a question alive."""

    async def drip(connection, request):
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await connection.send(b" ")
            await asyncio.sleep(0.02)

    server = await servers.answering(drip)
    error, took_s = await timed(client_of(server))
    assert error.happened == "timed out after 0.6 s"
    assert 0.55 < took_s < 1.5


async def test_a_slow_drip_of_headers_ends_at_the_first_byte_deadline(servers, client_of):
    """The head must be whole in time."""

    async def drip(connection, request):
        await connection.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await connection.send(b"X-A: b\r\n")
            await asyncio.sleep(0.02)

    error, took_s = await timed(client_of(await servers.answering(drip)))
    assert error.happened == "timed out after 0.45 s without an answer"
    assert took_s < 1.5


async def test_the_callers_time_is_shorter(servers, client_of):
    """`within_s` rules where it is less than the site's own time."""
    server = await counted(servers, after=5)
    error, took_s = await timed(client_of(server), within_s=0.2)
    assert error.happened.startswith("timed out after 0.")
    assert 0.1 < took_s < 0.43


async def test_the_callers_time_does_not_lengthen_the_sites(servers, client_of):
    """A site's own deadlines hold however patient the caller is."""
    server = await counted(servers, after=5)
    error, took_s = await timed(client_of(server), within_s=60)
    assert took_s < 1.5
    assert error.happened == "timed out after 0.45 s without an answer"


async def test_a_question_ends_a_little_before_its_callers_deadline(servers, client_of):
    """So that the caller's own time-out does not cut off the reason, and the site's share in it."""
    server = await counted(servers, after=5)
    client = client_of(server, first_byte_s=5.0)
    async with asyncio.timeout(0.55):
        error = await failure(client, within_s=0.55)
    assert error.happened == "timed out after 0.5 s"
    assert client.breaker.failures == 1


@pytest.mark.parametrize("within_s", [0, -1, 0.01])
async def test_without_time_nothing_is_asked(servers, client_of, within_s):
    """A question that could only be late is not sent."""
    server = await counted(servers)
    error = await failure(client_of(server), within_s=within_s)
    assert error.happened == "not asked: no time was left"
    assert not server.requests


async def test_retries_end_with_the_deadline(servers, client_of):
    """Attempts and waits have one deadline together."""
    server = await counted(servers, status="503 Slow down", after=0.25)
    error, took_s = await timed(client_of(server, attempts=50))
    assert error.happened in ("HTTP 503 Service Unavailable", "timed out after 0.6 s")
    assert took_s < 1.5
    assert 2 <= len(server.requests) <= 4


async def test_waiting_for_a_place_counts(servers, client_of):
    """Who finds all places taken is told so when its time is over; the site is not to blame."""
    server = await counted(servers, after=0.4)
    client = client_of(server, concurrency=1)
    first = asyncio.create_task(ask(client, {"n": 1}))
    await asyncio.sleep(0.05)
    error, took_s = await timed(client, within_s=0.2)
    assert error.happened.startswith("not asked: its 1 places were taken for 0.")
    assert took_s < 0.4
    assert (await first).data == {"n": 1}
    assert len(server.requests) == 1
    assert client.breaker.failures == 0


async def test_at_most_c_requests_at_a_time(servers, client_of):
    """The site never sees more."""
    server = await counted(servers, after=0.02)
    client = client_of(server, concurrency=3)
    await asyncio.gather(*(ask(client, {"n": n}) for n in range(12)))
    assert len(server.requests) == 12
    assert server.connections <= 3


# caller goes away


async def test_a_cancelled_question_is_cancelled_at_the_site(servers, client_of, heard):
    """The connection is closed; the breaker hears nothing; only cancellation comes out."""
    server = await counted(servers, after=5)
    client = client_of(server, with_={"observer": heard})
    asker = asyncio.create_task(ask(client))
    await asyncio.sleep(0.1)
    assert server.open == 1
    asker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asker
    await asyncio.sleep(0.05)
    assert client.breaker.failures == 0
    assert heard.questions == [(PATH, "cancelled")]
    # its place is free again
    server.after = 0
    assert (await ask(client, {"another": "question"})).state == "ok"


async def test_cancelling_closes_the_connection(servers, client_of):
    """The site sees the end of the connection while it still computes."""
    gone = asyncio.Event()

    async def handler(connection):
        await connection.request()
        try:
            await connection.reader.read()
        finally:
            gone.set()

    server = await servers.start(handler)
    asker = asyncio.create_task(ask(client_of(server)))
    await asyncio.sleep(0.05)
    asker.cancel()
    async with asyncio.timeout(1):
        await gone.wait()
    with pytest.raises(asyncio.CancelledError):
        await asker


async def test_closing_ends_questions_with_words(servers, client_of):
    """At shutdown askers get an error of their site, not a cancellation."""
    server = await counted(servers, after=5)
    client = client_of(server)
    asker = asyncio.create_task(ask(client))
    await asyncio.sleep(0.05)
    await client.close()
    with pytest.raises(SiteError, match="the gateway is closing"):
        await asker


# cache and equal questions


async def test_an_answer_is_kept_for_a_while(servers, client_of, heard):
    """The same question is not asked twice; a cached answer needs no place at the site."""
    server = await counted(servers)
    client = client_of(server, with_={"observer": heard})
    first = await ask(client)
    server.after = 5
    again = await ask(client, {"query": BODY["query"], "owner": "public"})
    assert (first.state, again.state) == ("ok", "cached")
    assert again.data == first.data
    assert again.milliseconds < 50
    assert heard.cached == ["miss", "hit"]
    assert heard.questions == [(PATH, "ok")]


async def test_cached_answers_are_not_shared_objects(servers, client_of):
    """What a caller does to a cached answer harms nobody."""
    client = client_of(await counted(servers))
    await ask(client)
    (await ask(client)).data.clear()
    assert (await ask(client)).data == {"n": 1}


async def test_kept_answers_age(servers, client_of):
    """Freshness ends with the time the reader allows."""
    server = await counted(servers)
    client = client_of(server)
    await ask(client)
    await asyncio.sleep(0.06)
    assert (await ask(client, cache_s=5)).state == "cached"
    assert (await ask(client, cache_s=0.05)).state == "ok"


async def test_cache_s_0_keeps_and_reads_nothing(servers, client_of, heard):
    """Some questions are about now."""
    server = await counted(servers)
    client = client_of(server, with_={"observer": heard})
    assert (await ask(client, cache_s=0)).data == {"n": 1}
    assert (await ask(client)).data == {"n": 2}
    assert (await ask(client, cache_s=0)).data == {"n": 3}
    assert heard.cached == ["miss"]


async def test_fresh_asks_and_refreshes(servers, client_of):
    """`no-cache` goes to the site, and later questions get what it brought."""
    client = client_of(await counted(servers))
    await ask(client)
    fresh = await ask(client, fresh=True)
    assert (fresh.data, fresh.state) == ({"n": 2}, "ok")
    later = await ask(client)
    assert (later.data, later.state) == ({"n": 2}, "cached")


async def test_equal_questions_in_flight_are_asked_once(servers, client_of, heard):
    """Ten callers, one request."""
    server = await counted(servers, after=0.05)
    client = client_of(server, with_={"observer": heard})
    answers = await asyncio.gather(*(ask(client) for _ in range(10)))
    assert [answer.data for answer in answers] == [{"n": 1}] * 10
    assert {answer.state for answer in answers} == {"ok"}
    assert heard.cached.count("joined") == 9


async def test_fresh_questions_share_with_fresh_ones_only(servers, client_of):
    """A fresh question must not get an answer that was asked for before it came."""
    server = await counted(servers, after=0.05)
    client = client_of(server)
    usual = asyncio.create_task(ask(client))
    await asyncio.sleep(0.02)
    fresh = await asyncio.gather(*(ask(client, fresh=True) for _ in range(3)))
    assert (await usual).data == {"n": 1}
    assert [answer.data for answer in fresh] == [{"n": 2}] * 3


async def test_a_cancelled_first_asker_does_not_fail_the_others(servers, client_of):
    """The question goes on while anybody waits for it."""
    server = await counted(servers, after=0.1)
    client = client_of(server)
    first = asyncio.create_task(ask(client))
    await asyncio.sleep(0.02)
    second = asyncio.create_task(ask(client))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second).data == {"n": 1}
    assert len(server.requests) == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_hasty_first_asker_does_not_shorten_the_others_time(servers, client_of):
    """Each has its own deadline."""
    server = await counted(servers, after=0.3)
    client = client_of(server)
    hasty = asyncio.create_task(failure(client, within_s=0.1))
    await asyncio.sleep(0.02)
    patient = await ask(client)
    assert patient.data == {"n": 1}
    assert (await hasty).happened.startswith("timed out")


async def test_failures_are_shared_but_not_kept(servers, client_of):
    """Askers of the same moment get the same failure, later ones ask anew."""
    server = await counted(servers, status="500 Broken", after=0.05)
    client = client_of(server)
    errors = await asyncio.gather(*(failure(client, doing=f"read {n}") for n in range(3)))
    assert len(server.requests) == 1
    assert [error.doing for error in errors] == ["read 0", "read 1", "read 2"]
    server.status = "200 OK"
    assert (await ask(client)).state == "ok"


async def test_the_key_holds_path_body_site_and_generation(servers, client_of):
    """Different questions never share an answer."""
    server = await counted(servers)
    client = client_of(server)
    other = client_of(server.url + "/", name="oasis-b")
    await ask(client)
    assert (await ask(client, path="/entries/archive/query")).data == {"n": 2}
    assert (await ask(client, {"owner": "public"})).data == {"n": 3}
    assert (await ask(other)).data == {"n": 4}
    client.generation = "2.0.1"
    assert (await ask(client)).data == {"n": 5}
    assert (await ask(client)).state == "cached"


def stale_cache(now, *, stale_s=60.0):
    store = Store(BoundedMemory(max_bytes=2**20, clock=now), max_value_bytes=2**17)
    return AnswerCache(store, answers_s=10.0, stale_s=stale_s, now=now)


async def test_a_stale_answer_stands_in_for_a_failing_site(servers, client_of, clock, heard):
    """Within the grace, and marked; never for a refusal, never for a fresh question."""
    server = await counted(servers)
    client = client_of(server, with_={"cache": stale_cache(clock), "observer": heard})
    await ask(client)
    clock += 11
    server.status = "500 Broken"
    stale = await ask(client)
    assert (stale.data, stale.state) == ({"n": 1}, "stale")
    assert heard.cached == ["miss", "miss", "stale"]
    assert (await failure(client, fresh=True)).status == 500
    server.status = "400 Bad Request"
    assert (await failure(client)).refused
    server.status = "200 OK"
    assert (await ask(client)).state == "ok"
    assert (await ask(client)).state == "cached"


async def test_stale_answers_end_with_the_grace(servers, client_of, clock):
    """Beyond it the failure is told."""
    server = await counted(servers)
    client = client_of(server, with_={"cache": stale_cache(clock)})
    await ask(client)
    server.status = "500 Broken"
    clock += 69
    assert (await ask(client)).state == "stale"
    clock += 2
    assert (await failure(client)).status == 500


async def test_a_resting_site_is_stood_in_for_too(servers, client_of, clock):
    """The breaker's fast failure has the same grace."""
    server = await counted(servers)
    client = client_of(server, with_={"cache": stale_cache(clock)}, attempts=1)
    await ask(client)
    clock += 11
    server.status = "503 Down"
    for _ in range(5):
        assert (await ask(client)).state == "stale"
    asked = len(server.requests)
    assert client.breaker.state == "open"
    assert (await ask(client)).state == "stale"
    assert len(server.requests) == asked


async def test_damaged_answers_in_the_cache_count_as_missing(servers, client_of):
    """Bit rot, foreign values and truncation cost one request."""
    server = await counted(servers)
    memory = BoundedMemory(max_bytes=2**20)
    cache = AnswerCache(Store(memory, max_value_bytes=2**17))
    client = client_of(server, with_={"cache": cache})
    await ask(client)
    (key,) = memory._values
    good = await memory.get(key)
    damages = [
        b"",
        b"{}",
        good[:-1],
        good + b" ",
        good[:20] + bytes([good[20] ^ 1]) + good[21:],
        b"NOG0" + good[4:],
        good[:9] + b"\x00" + good[10:],
        "text",
    ]
    for number, damaged in enumerate(damages):
        await memory.set(key, damaged, ttl=60.0) if isinstance(damaged, bytes) else None
        if not isinstance(damaged, bytes):
            memory._values[key] = replace(memory._values[key], value=damaged)
        answer = await ask(client)
        assert (answer.state, answer.data) == ("ok", {"n": number + 2}), damaged
    assert (await ask(client)).state == "cached"


async def test_a_cache_that_is_off(servers, client_of):
    """`none` keeps nothing, and equal questions still share."""
    server = await counted(servers, after=0.02)
    client = client_of(server, with_={"cache": open_cache("none")})
    answers = await asyncio.gather(*(ask(client) for _ in range(3)))
    assert [answer.data["n"] for answer in answers] == [1, 1, 1]
    assert (await ask(client)).data == {"n": 2}


# breaker


async def test_a_dead_site_rests_and_comes_back_by_itself(servers, client_of, clock, heard, caplog):
    """After five failures nobody waits for it; ten seconds later one question finds it back."""
    server = await counted(servers, status="503 Down")
    options = {"clock": clock, "observer": heard}
    client = client_of(server, with_=options, attempts=1)
    with caplog.at_level(logging.INFO, logger="gateway"):
        for n in range(5):
            assert (await failure(client, {"n": n})).status == 503
        error = await failure(client, {"n": 6})
        assert error.happened == (
            "not asked: it failed 5 times in a row, last: HTTP 503 Service Unavailable; "
            "next attempt in 10 s"
        )
        assert error.retry_after_s == 10
        assert len(server.requests) == 5
        clock += 10
        assert client.breaker.state == "half-open"
        server.status = "200 OK"
        assert (await ask(client)).state == "ok"
    assert client.breaker.state == "closed"
    assert heard.breakers == ["open", "half-open", "closed"]
    assert [outcome for _, outcome in heard.questions] == ["failed"] * 5 + ["circuit_open", "ok"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_only_one_question_is_the_probe(servers, client_of, clock):
    """While one tries, the others fail fast."""
    server = await counted(servers, status="503 Down")
    client = client_of(server, with_={"clock": clock}, attempts=1)
    for n in range(5):
        await failure(client, {"n": n})
    clock += 10
    server.status, server.after = "200 OK", 0.1
    ends = await asyncio.gather(*(ask(client, {"n": n}) for n in range(10)), return_exceptions=True)
    assert len(server.requests) == 6
    assert sum(isinstance(end, SiteError) for end in ends) == 9


async def test_nobody_waits_for_a_place_at_a_resting_site(servers, client_of, clock):
    """While all places are taken by questions that hang, others are told at once."""
    server = await counted(servers, after=5)
    client = client_of(server, with_={"clock": clock}, attempts=1, concurrency=2)
    hanging = asyncio.create_task(ask(client, {"n": "hangs"}))
    await asyncio.sleep(0.05)
    server.status, server.after = "503 Down", 0
    for n in range(5):
        await failure(client, {"n": n})
    clock += 10
    server.after = 5
    probe = asyncio.create_task(ask(client, {"n": "probe"}))
    await asyncio.sleep(0.05)
    error, took_s = await timed(client)
    assert error.happened.endswith("it is being tried again now")
    assert took_s < 0.2
    for task in (hanging, probe):
        task.cancel()
    await asyncio.gather(hanging, probe, return_exceptions=True)


NOT_ITS_HEALTH = {
    "a refusal": {"status": "422 No"},
    "a broken archive": {"status": "500 Broken", "path": "/entries/archive/query"},
    "a single broken archive": {"status": "500 Broken", "path": "/entries/abc/archive/query"},
    "too little time": {"after": 0.3, "within_s": 0.1},
}


@pytest.mark.parametrize("row", NOT_ITS_HEALTH.values(), ids=NOT_ITS_HEALTH)
async def test_what_does_not_speak_of_the_sites_health(servers, client_of, row):
    """Ten of these in a row, and it is still asked."""
    row = dict(row)
    server = await counted(servers, status=row.pop("status", "200 OK"), after=row.pop("after", 0))
    client = client_of(server)
    await asyncio.gather(*(failure(client, {"n": n}, **row) for n in range(10)))
    assert (client.breaker.state, client.breaker.failures) == ("closed", 0)


ITS_HEALTH = {
    "a crash": {"status": "500 Broken"},
    "rate limit": {"status": "429 Too many"},
    "down behind its proxy": {"status": "502 Bad Gateway"},
    "hangs": {"after": 5},
    "hangs, and the caller's time was fair": {"after": 5, "within_s": 0.52},
}


@pytest.mark.parametrize("row", ITS_HEALTH.values(), ids=ITS_HEALTH)
async def test_what_speaks_of_the_sites_health(servers, client_of, row):
    """Five of these in a row, and it rests."""
    row = dict(row)
    server = await counted(servers, status=row.pop("status", "200 OK"), after=row.pop("after", 0))
    changes = {"first_byte_s": 5.0} if row else {}
    client = client_of(server, attempts=1, **changes)
    await asyncio.gather(*(failure(client, {"n": n}, **row) for n in range(5)))
    assert client.breaker.state == "open"


async def test_cancelled_callers_do_not_open_it(servers, client_of):
    """Who goes away says nothing of the site."""
    server = await counted(servers, after=5)
    client = client_of(server)
    for n in range(10):
        asker = asyncio.create_task(ask(client, {"n": n}))
        await asyncio.sleep(0.01)
        asker.cancel()
        await asyncio.gather(asker, return_exceptions=True)
    assert (client.breaker.state, client.breaker.failures) == ("closed", 0)


async def test_those_who_wait_for_a_place_fail_fast_when_it_opens(servers, client_of):
    """A queue before a dead site is told at once; a place that is free a moment earlier is used."""
    server = await counted(servers, after=5)
    client = client_of(server, concurrency=5, first_byte_s=0.3)
    loop = asyncio.get_running_loop()
    began = loop.time()
    errors = await asyncio.gather(*(failure(client, {"n": n}) for n in range(30)))
    assert loop.time() - began < 2
    assert len(server.requests) <= 10
    assert sum("not asked: it failed " in error.happened for error in errors) >= 20


async def test_paths_are_told_without_ids(servers, client_of, heard):
    """An observer that counts by path does not grow with the entries."""
    server = await counted(servers)
    client = client_of(server, with_={"observer": heard})
    await ask(client, path="/entries/zQJMKax7xk384h_rx7VW_-6bRIgi/archive/query")
    await ask(client, path="/entries/archive/query")
    await client.get("/entries/zQJMKax7xk384h_rx7VW_-6bRIgi", doing="read entry")
    assert [path for path, _ in heard.questions] == [
        "/entries/{entry_id}/archive/query",
        "/entries/archive/query",
        "/entries/{entry_id}",
    ]


# identity


def authorizations(server):
    return [request.headers.get("authorization") for request in server.requests]


async def test_the_sites_own_token_is_sent(servers, client_of):
    """A service token goes along with every question and is part of the key."""
    server = await counted(servers)
    client = client_of(server, token="service-1")
    assert (await ask(client)).data == {"n": 1}
    assert (await ask(client)).state == "cached"
    assert (await ask(client_of(server, token="service-2"))).data == {"n": 2}
    assert (await ask(client_of(server))).data == {"n": 3}
    assert authorizations(server) == ["Bearer service-1", "Bearer service-2", None]


async def test_a_callers_token_goes_only_where_it_may(servers, client_of):
    """A site that is not configured for it never sees it, and the answer is the public one."""
    server = await counted(servers)
    client = client_of(server)
    await ask(client, token="caller")
    assert (await ask(client)).state == "cached"
    assert authorizations(server) == [None]


async def test_answers_to_a_callers_token_are_neither_kept_nor_shared(servers, client_of):
    """What one may see is shown to no other, and not out of what others have seen."""
    server = await counted(servers, after=0.02)
    client = client_of(server, token="service", forward_token=True)
    await ask(client)
    answers = await asyncio.gather(*(ask(client, token="caller") for _ in range(3)))
    assert sorted(answer.data["n"] for answer in answers) == [2, 3, 4]
    assert {answer.state for answer in answers} == {"ok"}
    assert (await ask(client)).data == {"n": 1}
    assert authorizations(server) == ["Bearer service", *["Bearer caller"] * 3]


async def test_a_private_answer_is_never_stale(servers, client_of, clock):
    """The public answer of before does not stand in for what the caller would see."""
    server = await counted(servers)
    cache = stale_cache(clock)
    client = client_of(server, with_={"cache": cache}, forward_token=True)
    await ask(client)
    server.status = "500 Broken"
    assert (await failure(client, token="caller")).status == 500


@pytest.mark.parametrize("token", ["two words", "a\r\nX-Evil: 1", "é", "\x00"])
async def test_a_token_that_fits_no_header_is_not_sent(servers, client_of, token):
    """The text says so without it."""
    server = await counted(servers)
    error = await failure(client_of(server, forward_token=True), token=token)
    assert error.happened == "not asked: its token has characters no header can hold"
    assert not server.requests


FAILURES = ["401 Unauthorized", "403 Forbidden", "500 Broken", "503 Down", "302 Found", "999 Odd"]


@pytest.mark.parametrize("status", FAILURES)
async def test_tokens_stand_in_no_error_log_or_repr(servers, client_of, caplog, status):
    """Not even if the site sends them back, malformed or in a redirect."""

    async def answer(connection, request):
        said = request.headers["authorization"]
        headers = (("Location", f"http://{said.split()[1]}.example/"), ("X-Echo", said))
        await connection.respond({"detail": f"you sent {said}"}, status=status, headers=headers)

    client = client_of(await servers.answering(answer), token="Geheim-1", attempts=1)
    with caplog.at_level(logging.DEBUG):
        for n in range(6):
            error = await failure(client, {"n": n})
            told = f"{error!r} {error} {vars(error)} {error.__cause__!r} {error.__context__!r}"
            assert "geheim" not in told.lower()
    assert "geheim" not in caplog.text.lower()
    assert "geheim" not in f"{client!r} {client.site!r} {client.breaker!r}".lower()


async def test_a_refused_token_is_said(servers, client_of):
    """401 and 403 with a token say that it was the token; without one they say NOMAD's words."""
    server = await counted(servers, status="401 Unauthorized")
    error = await failure(client_of(server, token="geheim"))
    assert error.happened == "HTTP 401: the token that was sent is not accepted there"
    assert error.refused
    error = await failure(client_of(server))
    assert error.happened == "HTTP 401 Unauthorized"


# transports given from outside


async def test_an_asgi_app_can_be_the_site(client_of):
    """In-process Oases stand behind the same client."""

    async def app(scope, receive, send):
        assert scope["path"] == "/nomad-oasis/api/v1/info"
        body = orjson.dumps({"version": "2.0.0"})
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    transport = httpx.ASGITransport(app)
    client = client_of("http://demo/nomad-oasis/api/v1", with_={"transport": transport})
    assert (await client.get("/info", doing="read version")).data == {"version": "2.0.0"}


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("no"),
        httpx.ReadTimeout("no"),
        httpx.RemoteProtocolError("no"),
        OSError("no"),
        ValueError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_transport_raises_is_a_site_error(client_of, site, error):
    """And its text names no class."""

    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            raise error

    client = client_of(site.url, with_={"transport": Broken()}, attempts=1)
    told = await failure(client)
    assert "Error" not in told.happened
    assert "no" not in told.happened.split()


def test_a_client_needs_no_event_loop_to_be_made(site):
    """`create_app` makes clients before anything runs."""
    client = SiteClient(site, cache=open_cache("memory"))
    assert client.breaker.state == "closed"

"""A request in, an answer or a SiteError out: what goes over the wire, cache, identity."""

import asyncio
import logging

import httpx
import orjson
import pytest

import gateway
from gateway.fetch.cache.answers import AnswerCache, open_cache
from gateway.fetch.cache.memory import BoundedMemory
from gateway.fetch.cache.store import LocalStore
from tests.fetch.asking import BODY, DOING, PATH, ask, failure, options_for, timed_failure


async def counted(servers, *, status="200 OK", after=0.0, headers=()):
    """A server that numbers its answers; `server.status` may be changed."""

    async def answer(connection, request):
        if request.is_probe:
            await connection.respond({"version": "2.0.0"})
            return
        body = {"n": len(server.requests)}
        await asyncio.sleep(server.after)
        await connection.respond(body, status=server.status, headers=server.headers)

    server = await servers.answering(answer)
    server.status, server.after, server.headers = status, after, headers
    return server


# what goes out


async def test_a_request_and_its_answer(servers, client_of):
    """JSON is posted to the path below the site's API; the answer's object comes back."""
    server = await counted(servers)
    answer = await ask(client_of(server), request_id="r-1")
    assert (answer.data, answer.state) == ({"n": 1}, "ok")
    (request,) = server.requests
    assert request.line == "POST /api/v1/entries/query HTTP/1.1"
    assert request.json == BODY
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"nomad-optimade-gateway/{gateway.__version__}"
    assert request.headers["x-request-id"] == "r-1"
    assert request.headers["accept-encoding"] == "gzip"
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


async def test_get_has_no_body(servers, client_of):
    """What is read by GET has neither a body nor its type."""
    server = await counted(servers)
    client = client_of(server)
    answer = await client.get("/entries/abc", doing=DOING, options=options_for())
    assert answer.data == {"n": 1}
    (request,) = server.requests
    assert request.line == "GET /api/v1/entries/abc HTTP/1.1"
    assert request.body == b""
    assert not {"content-type", "content-length"} & set(request.headers)


@pytest.mark.parametrize("request_id", ["", "a\r\nX-Evil: 1", "x" * 200, "é", "a b"])
async def test_a_request_id_that_fits_no_header_is_left_out(servers, client_of, request_id):
    """Nobody writes headers of ours by a request id."""
    server = await counted(servers)
    await ask(client_of(server), request_id=request_id)
    assert "x-request-id" not in server.requests[0].headers
    assert "x-evil" not in server.requests[0].headers


async def test_cookies_are_never_sent_back(servers, client_of):
    """A site cannot recognise callers by cookies, nor mix up their sessions."""
    server = await counted(servers, headers=(("Set-Cookie", "session=1; Path=/"),))
    client = client_of(server)
    await ask(client, {"n": 1})
    await ask(client, {"n": 2})
    assert "cookie" not in server.requests[1].headers


async def test_a_body_that_is_no_json_is_an_error_of_words(client_of, site):
    """Integers beyond 64 bits cannot be written."""
    error = await failure(client_of(site.url), {"n": 2**70})
    assert error.happened == "not asked: the request cannot be written as JSON"


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


async def test_a_site_that_comes_to_itself_is_not_noticed(servers, client_of, heard):
    """A retry that works is a good answer."""

    async def answer(connection, request):
        good = request.is_probe or len(server.requests) > 2
        await connection.respond({"n": 1}, status="200 OK" if good else "503 Slow down")

    server = await servers.answering(answer)
    client = client_of(server, with_={"observer": heard})
    assert (await ask(client)).state == "ok"
    assert len(server.requests) == 3
    assert heard.requests == [(PATH, "ok")]
    assert client.circuit.state == "closed"


async def test_retry_after_that_fits_is_waited_for(servers, client_of):
    """The site says when to come again."""

    async def answer(connection, request):
        if request.is_probe or len(server.requests) > 1:
            await connection.respond({})
        else:
            headers = (("Retry-After", "0.3"),)
            await connection.respond({}, status="503 Slow down", headers=headers)

    server = await servers.answering(answer)
    clock = asyncio.get_running_loop().time
    began = clock()
    await ask(client_of(server))
    assert clock() - began >= 0.3


async def test_retry_after_that_does_not_fit_fails_at_once(servers, client_of):
    """Nobody waits for what cannot come in time; the caller learns when to come again."""
    server = await counted(
        servers, status="503 Service Unavailable", headers=(("Retry-After", "30"),)
    )
    error, took_s = await timed_failure(client_of(server))
    assert took_s < 2
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


@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_long_error_page_is_still_its_status(servers, client_of, is_announced):
    """A stack trace of megabytes does not hide what the status says."""
    raw = orjson.dumps({"detail": "x" * 1_000_000})

    async def answer(connection, request):
        length = b"Content-Length: %d\r\n" % len(raw) if is_announced else b"Connection: close\r\n"
        head = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
        await connection.send(head + length + b"\r\n" + raw)
        connection.writer.write_eof()

    server = await servers.answering(answer)
    error = await failure(client_of(server))
    assert (error.status, error.refused) == (404, True)
    assert error.happened == "HTTP 404 Not Found"


# cache and equal requests


async def test_an_answer_is_cached_for_a_while(servers, client_of, heard):
    """The same request is not sent twice; a cached answer needs no slot at the site."""
    server = await counted(servers)
    client = client_of(server, with_={"observer": heard})
    first = await ask(client)
    server.after = 60
    again = await ask(client)
    assert (first.state, again.state) == ("ok", "cached")
    assert again.data == first.data
    assert heard.cached == ["miss", "hit"]
    assert heard.requests == [(PATH, "ok")]


async def test_cached_answers_are_not_shared_objects(servers, client_of):
    """What a caller does to a cached answer harms nobody."""
    client = client_of(await counted(servers))
    await ask(client)
    (await ask(client)).data.clear()
    assert (await ask(client)).data == {"n": 1}


async def test_cached_answers_age(servers, client_of, clock):
    """After its fresh time an answer is asked for again."""
    server = await counted(servers)
    client = client_of(server, with_={"cache": cache_by(clock)})
    await ask(client)
    clock += 9.9
    assert (await ask(client)).state == "cached"
    clock += 0.2
    assert (await ask(client)).state == "ok"


async def test_fresh_asks_and_refreshes(servers, client_of):
    """`no-cache` goes to the site, and later requests get what it brought."""
    client = client_of(await counted(servers))
    await ask(client)
    fresh = await ask(client, fresh=True)
    assert (fresh.data, fresh.state) == ({"n": 2}, "ok")
    later = await ask(client)
    assert (later.data, later.state) == ({"n": 2}, "cached")


async def test_equal_requests_in_flight_are_sent_once(servers, client_of, heard):
    """Ten callers, one request."""
    server = await counted(servers, after=0.05)
    client = client_of(server, with_={"observer": heard})
    answers = await asyncio.gather(*(ask(client) for _ in range(10)))
    assert [answer.data for answer in answers] == [{"n": 1}] * 10
    assert {answer.state for answer in answers} == {"ok"}
    assert heard.cached.count("joined") == 9
    assert heard.requests == [(PATH, "ok")]


async def test_fresh_requests_join_fresh_ones_alone(servers, client_of):
    """A fresh request must not get an answer that was asked for before it came."""
    server = await counted(servers, after=0.2)
    client = client_of(server)
    usual = asyncio.create_task(ask(client))
    while not server.requests:
        await asyncio.sleep(0.01)
    fresh = await asyncio.gather(*(ask(client, fresh=True) for _ in range(3)))
    assert (await usual).data == {"n": 1}
    assert [answer.data for answer in fresh] == [{"n": 2}] * 3
    assert len(server.requests) == 2


async def test_failures_are_shared_but_not_cached(servers, client_of):
    """Callers of the same moment get the same failure, later ones ask anew."""
    server = await counted(servers, status="500 Broken", after=0.05)
    client = client_of(server)
    errors = await asyncio.gather(*(failure(client, doing=f"read {n}") for n in range(3)))
    assert len(server.requests) == 1
    assert [error.doing for error in errors] == ["read 0", "read 1", "read 2"]
    server.status = "200 OK"
    assert (await ask(client)).state == "ok"


async def test_the_key_holds_path_body_and_site(servers, client_of):
    """Different requests never share an answer."""
    server = await counted(servers)
    client = client_of(server)
    await ask(client)
    assert (await ask(client, path="/entries/archive/query")).data == {"n": 2}
    assert (await ask(client, {"owner": "public"})).data == {"n": 3}
    assert (await ask(client_of(server.url + "/"))).data == {"n": 4}
    assert (await ask(client_of(server, max_answer_bytes=9999, concurrency=1))).state == "cached"


def cache_by(now, *, stale_s=0.0):
    store = LocalStore(BoundedMemory(max_bytes=2**20, clock=now), max_value_bytes=2**17)
    return AnswerCache(store, answers_s=10.0, stale_s=stale_s, now=now)


async def test_a_stale_answer_stands_in_for_a_failing_site(servers, client_of, clock, heard):
    """Within the grace, and marked; never for a refusal, never for a fresh request."""
    server = await counted(servers)
    client = client_of(server, with_={"cache": cache_by(clock, stale_s=60), "observer": heard})
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
    client = client_of(server, with_={"cache": cache_by(clock, stale_s=60)})
    await ask(client)
    server.status = "500 Broken"
    clock += 69
    assert (await ask(client)).state == "stale"
    clock += 2
    assert (await failure(client)).status == 500


async def test_damaged_answers_in_the_cache_count_as_missing(servers, client_of):
    """Bit rot, foreign values and truncation cost one request."""
    server = await counted(servers)
    memory = BoundedMemory(max_bytes=2**20)
    cache = AnswerCache(LocalStore(memory, max_value_bytes=2**17))
    client = client_of(server, with_={"cache": cache})
    await ask(client)
    (key,) = memory._values
    good = memory.read(key)
    damages = [
        b"",
        b"{}",
        good[:-1],
        good + b" ",
        good[:20] + bytes([good[20] ^ 1]) + good[21:],
        b"NOG0" + good[4:],
        good[:9] + b"\x01" + good[10:],
    ]
    for number, damaged in enumerate(damages):
        memory.write(key, damaged, ttl_s=60.0)
        answer = await ask(client)
        assert (answer.state, answer.data) == ("ok", {"n": number + 2}), damaged
    assert (await ask(client)).state == "cached"


async def test_a_cache_that_is_off(servers, client_of):
    """`none` keeps nothing, and equal requests still share."""
    server = await counted(servers, after=0.02)
    client = client_of(server, with_={"cache": open_cache("none")})
    answers = await asyncio.gather(*(ask(client) for _ in range(3)))
    assert [answer.data["n"] for answer in answers] == [1, 1, 1]
    assert (await ask(client)).data == {"n": 2}


async def test_paths_are_reported_without_ids(servers, client_of, heard):
    """An observer that counts by path does not grow with the entries."""
    server = await counted(servers)
    client = client_of(server, with_={"observer": heard})
    entry = "/entries/zQJMKax7xk384h_rx7VW_-6bRIgi"
    await ask(client, path=f"{entry}/archive/query")
    await ask(client, path="/entries/archive/query")
    await client.get(entry, doing=DOING, options=options_for())
    assert [path for path, _ in heard.requests] == [
        "/entries/{entry_id}/archive/query",
        "/entries/archive/query",
        "/entries/{entry_id}",
    ]


# identity


def authorizations(server):
    return [request.headers.get("authorization") for request in server.requests]


async def test_the_sites_own_token_is_sent(servers, client_of):
    """A service token goes along with every request and is part of the key."""
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


async def test_answers_to_a_callers_token_are_neither_cached_nor_shared(servers, client_of):
    """What one may see is shown to no other, and not out of what others have seen."""
    server = await counted(servers, after=0.02)
    client = client_of(server, token="service", forward_token=True)
    await ask(client)
    answers = await asyncio.gather(*(ask(client, token="caller") for _ in range(3)))
    assert {answer.state for answer in answers} == {"ok"}
    assert len(server.requests) == 4
    assert (await ask(client)).data == {"n": 1}
    assert authorizations(server) == ["Bearer service", *["Bearer caller"] * 3]


async def test_a_private_answer_is_never_stale(servers, client_of, clock):
    """The public answer of before does not stand in for what the caller would see."""
    server = await counted(servers)
    cache = cache_by(clock, stale_s=60)
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


TOKEN = "Geheim-" + "abcdef" * 30
"""As long as real ones are, so that texts are cut in the middle of it."""
ECHOES = {
    "401": lambda token: ("401 Unauthorized", {}, {"detail": f"you sent {token}"}),
    "403": lambda token: ("403 Forbidden", {}, {"detail": token}),
    "500": lambda token: ("500 Broken", {}, {"detail": {"reason": f"{'x' * 60} {token}"}}),
    "500 in lower case": lambda token: ("500 Broken", {}, {"detail": token.lower()}),
    "500, many times": lambda token: ("500 Broken", {}, {"detail": token * 60}),
    "503": lambda token: ("503 Down", {"Retry-After": token}, {"detail": "a" * 100 + token}),
    "999": lambda token: ("999 Odd", {"X-Echo": token}, b"" + token.encode()),
    "plain text": lambda token: ("500 Broken", {"Content-Type": "text/plain"}, token.encode()),
    "another host": lambda token: ("302 Found", {"Location": f"http://{token}.example/"}, b""),
    "a host of many": lambda token: ("302 Found", {"Location": f"http://{token * 60}/"}, b""),
    "another port": lambda token: ("302 Found", {"Location": f"http://127.0.0.1:1/{token}"}, b""),
    "another scheme": lambda token: ("302 Found", {"Location": f"{token}://127.0.0.1/"}, b""),
    "content type": lambda token: ("200 OK", {"Content-Type": f"text/{token}"}, b"<html>"),
    "charset": lambda token: ("200 OK", {"Content-Type": f"text/html; {token}"}, b"<html>"),
    "encoding": lambda token: ("200 OK", {"Content-Encoding": f"{token}"}, b"{}"),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
async def test_tokens_stand_in_no_error_log_or_repr(servers, client_of, caplog, echo):
    """Not even if the site sends them back, malformed or in a redirect; not even a part of it."""

    async def answer(connection, request):
        status, headers, body = echo(request.headers["authorization"].split()[1])
        await connection.respond(body, status=status, headers=headers.items())

    client = client_of(await servers.answering(answer), token=TOKEN, attempts=1)
    with caplog.at_level(logging.DEBUG):
        error = await failure(client)
    reported = f"{error!r} {error} {vars(error)} {error.__cause__!r} {error.__context__!r}"
    reported += f"{caplog.text} {client!r} {client.site!r} {client.circuit!r}"
    assert "geheim" not in reported.lower()
    assert "abcdef" not in reported.lower()


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
    answer = await client.get("/info", doing="read version", options=options_for())
    assert answer.data == {"version": "2.0.0"}


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("no"),
        httpx.ReadTimeout("no"),
        httpx.RemoteProtocolError("no"),
        OSError("no"),
        ValueError("no"),
        KeyError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_transport_raises_is_a_site_error(client_of, site, error):
    """And its text names no class."""

    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            raise error

    client = client_of(site.url, with_={"transport": Broken()}, attempts=1)
    reported = await failure(client)
    assert "Error" not in reported.happened
    assert "no" not in reported.happened.split()

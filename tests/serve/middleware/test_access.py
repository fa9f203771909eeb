"""What holds for every answer: CORS, HEAD, request ids, compression, logs, counters."""

import gzip
import logging

import httpx
import pytest

from gateway.serve.metrics import metrics_text

PATHS = ("/v1/structures", "/v1/structures/berlin~x", "/v1/info", "/v1/info/structures",
         "/v1/links", "/versions", "/index/v1/info", "/live", "/health", "/metrics", "/",
         "/nowhere", "/v9/info", "/v1/structures?page_limit=0")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_cors(client: httpx.AsyncClient, path: str) -> None:
    """Any web page may read any answer, errors too, and the headers that matter."""
    response = await client.get(path, headers={"Origin": "https://page.example"})
    assert response.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize("path", PATHS)
async def test_preflight(client: httpx.AsyncClient, path: str) -> None:
    """A preflight request is answered everywhere and allows any header."""
    headers = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-requested-with, user-agent, authorization",
    }
    response = await client.options(path, headers=headers)
    assert response.status_code == 204
    assert response.content == b""
    assert response.headers["access-control-allow-origin"] == "*"
    assert "GET" in response.headers["access-control-allow-methods"]
    assert response.headers["access-control-allow-headers"] == (
        "x-requested-with, user-agent, authorization"
    )


async def test_options(client: httpx.AsyncClient) -> None:
    """OPTIONS alone says which methods there are."""
    response = await client.options("/v1/structures")
    assert response.status_code == 204
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("path", PATHS)
async def test_head(client: httpx.AsyncClient, path: str) -> None:
    """HEAD is GET without the body."""
    got = await client.get(path, headers={"Accept-Encoding": "identity"})
    head = await client.head(path, headers={"Accept-Encoding": "identity"})
    assert head.content == b""
    assert head.status_code == got.status_code
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers.get("etag") == got.headers.get("etag")
    if path != "/metrics":  # counts this very request
        assert abs(int(head.headers["content-length"]) - int(got.headers["content-length"])) < 40


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-1.2_3", True), ("", False), ("two words", False), ("x" * 65, False), ("é", False)],
)
async def test_request_id(client: httpx.AsyncClient, federation, given: str, kept: bool) -> None:
    """A caller's own request id is kept if it is harmless, else there is a new one."""
    response = await client.get("/v1/structures", headers={"X-Request-ID": given.encode("latin-1")})
    id_ = response.headers["x-request-id"]
    assert (id_ == given) == kept
    assert len(id_) <= 64
    assert federation.last.request_id == id_


async def test_request_ids_differ(client: httpx.AsyncClient) -> None:
    """No two requests share an id."""
    ids = {(await client.get("/v1/info")).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip, br, zstd", "zstd"),
     ("gzip;q=0, br", "br"), ("identity", None), ("", None), ("lzma", None)],
)  # fmt: skip
async def test_compression(client: httpx.AsyncClient, accepted: str, encoding: str | None) -> None:
    """Large answers are compressed as the client likes, and caches are told so."""
    request = client.build_request(
        "GET", "/v1/structures?page_limit=40", headers={"Accept-Encoding": accepted}
    )
    response = await client.send(request, stream=True)
    raw = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers.get("content-encoding") == encoding
    assert (b'"data"' in raw) == (encoding is None)
    if encoding:
        assert "Accept-Encoding" in response.headers["vary"]
        assert int(response.headers["content-length"]) == len(raw)
    if encoding == "gzip":
        assert b'"data"' in gzip.decompress(raw)


async def test_log_line(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    """Each request leaves one line, without its query and without raw control characters."""
    with caplog.at_level(logging.INFO, logger="gateway"):
        await client.get(
            "/v1/structures/a%0Ab%1B?email_address=me@example.org",
            headers={"X-Request-ID": "r-7", "Authorization": "Bearer hunter2"},
        )
    (record,) = [record for record in caplog.records if record.name == "gateway"]
    assert record.message == "answered"
    reported = {name: getattr(record, name) for name in ("method", "path", "status", "request_id")}
    assert reported == {
        "method": "GET",
        "path": "/v1/structures/a%0Ab%1B",
        "status": 200,
        "request_id": "r-7",
    }
    assert "example.org" not in str(vars(record))
    assert "hunter2" not in str(vars(record))


@pytest.mark.parametrize("path", ["/live", "/ready", "/health", "/metrics"])
async def test_probes_are_not_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """What is asked every few seconds has a line at level debug alone."""
    with caplog.at_level(logging.INFO, logger="gateway"):
        await client.get(path)
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, logger="gateway"):
        await client.get(path)
    (record,) = [record for record in caplog.records if record.message == "answered"]
    assert record.levelname == "DEBUG"


async def test_counters(client: httpx.AsyncClient, app) -> None:
    """Requests are counted by endpoint and status, sites by what they did."""
    await client.get("/v1/structures")
    await client.get("/structures/berlin~a")
    await client.get("/v9/structures")
    text = (await metrics_text(app.state.served.observer)).decode()
    for line in (
        'gateway_request_seconds_count{endpoint="/structures",status="200"} 1.0',
        'gateway_request_seconds_count{endpoint="/structures/..",status="200"} 1.0',
        'gateway_request_seconds_count{endpoint="other",status="553"} 1.0',
        'gateway_site_states_total{site="berlin",state="ok"} 1.0',
        "gateway_requests_under_way 0.0",
    ):
        assert line in text

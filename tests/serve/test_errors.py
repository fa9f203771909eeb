"""Errors as documents: status, title, detail, source, meta, and no data."""

import logging
from pathlib import Path

import httpx
import pytest
from optimade.models import ErrorResponse

from gateway import errors
from gateway.errors import (
    ConfigError,
    FilterSyntaxError,
    GatewayError,
    MediaTypeError,
    NotFoundError,
    NotImplementedFilterError,
    OverloadError,
    PageLimitError,
    ParameterError,
    RequestError,
    SiteError,
    SiteNeededError,
    SitesMissingError,
    UnknownPropertyError,
    VersionError,
)
from gateway.serve.response.errors import STATUS, status_of

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211")

MISSING = SitesMissingError("berlin does not answer", sites=("berlin",), retry_after_s=7.4)


@pytest.mark.parametrize(
    ("error", "status", "title", "source"),
    [
        (ParameterError("no", parameter="sort"), 400, "Bad Request", {"parameter": "sort"}),
        (UnknownPropertyError("a", entry_type="structures", column=3), 400, "Bad Request",
         {"parameter": "filter"}),
        (FilterSyntaxError("x", column=2, found="y", expected=("z",)), 400, "Bad Request",
         {"parameter": "filter"}),
        (PageLimitError(1000, maximum=500), 403, "Forbidden", {"parameter": "page_limit"}),
        (NotFoundError("no"), 404, "Not Found", None),
        (MediaTypeError("no"), 415, "Unsupported Media Type", None),
        (OverloadError("no", retry_after_s=2), 429, "Too Many Requests", None),
        (SiteNeededError("no"), 500, "Internal Server Error", None),
        (ConfigError("no"), 500, "Internal Server Error", None),
        (NotImplementedFilterError("no"), 501, "Not Implemented", {"parameter": "filter"}),
        (errors.NotImplementedParameterError("no", parameter="dimension_slices"), 501,
         "Not Implemented", {"parameter": "dimension_slices"}),
        (SiteError("a", doing="b", happened="c"), 502, "Bad Gateway", None),
        (MISSING, 503, "Service Unavailable", None),
        (VersionError("no"), 553, "Version Not Supported", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, GatewayError) else None,
)  # fmt: skip
async def test_statuses(
    client: httpx.AsyncClient,
    federation,
    error: GatewayError,
    status: int,
    title: str,
    source: dict[str, str] | None,
) -> None:
    """Each error has its status and comes as a valid OPTIMADE error document."""
    federation.error = error
    response = await client.get("/v1/structures", headers={"X-Request-ID": "r-1"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/vnd.api+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["access-control-allow-origin"] == "*"
    document = response.json()
    ErrorResponse(**document)
    assert set(document) == {"jsonapi", "errors", "links", "meta"}
    (reported,) = document["errors"]
    assert reported["status"] == str(status)
    assert reported["title"] == title
    assert reported["detail"] == str(error)
    assert reported["id"] == "r-1"
    assert reported.get("source") == source
    meta = document["meta"]
    assert meta["more_data_available"] is False
    assert meta["api_version"] == "1.3.0"
    assert meta["query"] == {"representation": "/structures"}
    assert meta["provider"]["prefix"] == "fed"


def test_every_error_has_a_status() -> None:
    """The table knows the root of the tree, so any error has a status; ours are at their place."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, GatewayError)
    ]
    assert GatewayError in STATUS
    assert {status_of(kind.__new__(kind)) for kind in kinds if issubclass(kind, RequestError)} == {
        400, 403, 404, 405, 406, 413, 415, 501, 553,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "seconds"), [(MISSING, "7"), (OverloadError("no", retry_after_s=0.2), "1")]
)
async def test_retry_after(client: httpx.AsyncClient, federation, error, seconds: str) -> None:
    """What may work later says when, in whole seconds from one upwards."""
    federation.error = error
    assert (await client.get("/v1/structures/berlin~x")).headers["retry-after"] == seconds


async def test_column(client: httpx.AsyncClient, federation) -> None:
    """An error in a filter says at which character."""
    federation.error = FilterSyntaxError("x", column=2, found="y", expected=())
    reported = (await client.get("/v1/structures?filter=xy")).json()["errors"][0]
    assert reported["meta"] == {"column": 2}


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/v1/nowhere", 404, "/nowhere"),
        ("GET", "/v1/calculations", 404, "/calculations"),
        ("GET", "/v1/info/nothing", 404, "/info/nothing"),
        ("GET", "/index/v1/structures", 404, "/structures"),
        ("GET", "/sites/rome/v1/info", 404, "the sites are berlin, munich"),
        ("GET", "/v1/versions", 404, "unversioned"),
        ("GET", "/.env", 404, "/.env"),
        ("PUT", "/v1/structures", 405, "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/v1/structures/berlin~x", 405, "GET, HEAD, OPTIONS"),
        ("POST", "/v1/structures/berlin~x", 405, "GET, HEAD, OPTIONS"),
        ("POST", "/v1/info", 405, "GET, HEAD, OPTIONS"),
        ("PATCH", "/index/v1/links", 405, "GET, HEAD, OPTIONS"),
        ("GET", "/v0/structures", 553, "/v1, /v1.3, /v1.3.0"),
        ("GET", "/v123123/info", 553, "/v1, /v1.3, /v1.3.0"),
        ("GET", "/structures?api_hint=v2", 553, "1.3.0"),
        ("GET", "/info?api_hint=v0.9", 553, "1.3.0"),
        ("GET", "/info?api_hint=x", 400, "v1.3"),
        ("GET", "/links?filter=%ff", 400, "UTF-8"),
        ("GET", "/v1/structures?nofilter=1", 400, "'filter'"),
        ("GET", "/v1/structures?page_limit=501", 403, "maximum"),
        ("GET", "/v1/structures?dimension_slices=x[0:1:1]", 501, "dimension_slices"),
        ("GET", "/v1/structures/x?dimension_slices=x[0:1:1]", 501, "dimension_slices"),
    ],
)
async def test_refusals(
    client: httpx.AsyncClient, method: str, path: str, status: int, says: str
) -> None:
    """The framework's refusals and ours look the same, and say what is allowed."""
    response = await client.request(method, path)
    assert response.status_code == status
    document = response.json()
    ErrorResponse(**document)
    assert "data" not in document
    detail = document["errors"][0]["detail"]
    assert says in detail if says != "maximum" else "Max allowed page_limit is 500" in detail
    if status == 405:
        assert response.headers["allow"] == says


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {"filter": "a"}}, 415),
        ({"files": {"filter": b"a"}}, 415),
        ({"content": b"filter=a", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"data": {"filter": "x" * 1_000_000}}, 413),
        ({"data": {"nofilter": "x"}}, 400),
    ],
)
async def test_bodies(client: httpx.AsyncClient, sent: dict[str, object], status: int) -> None:
    """A body that is no form, or larger than any filter may be, is refused."""
    response = await client.post("/v1/structures", **sent)  # type: ignore[arg-type]
    assert response.status_code == status
    ErrorResponse(**response.json())


async def test_not_acceptable(client: httpx.AsyncClient) -> None:
    """An Accept header that JSON:API forbids is 406, at any endpoint."""
    headers = {"Accept": "application/vnd.api+json; ext=bulk"}
    for path in ("/v1/info", "/v1/structures", "/index/v1/links"):
        response = await client.get(path, headers=headers)
        assert response.status_code == 406
        ErrorResponse(**response.json())


async def test_fault(
    client: httpx.AsyncClient, federation, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours is a 500 document that tells nothing of the inside, logged once."""
    federation.error = ZeroDivisionError("secret detail")
    with caplog.at_level(logging.INFO):
        response = await client.get("/v1/structures?filter=a")
    assert response.status_code == 500
    ErrorResponse(**response.json())
    assert "secret" not in response.text
    assert "Zero" not in response.text
    assert str(Path(__file__).parent) not in response.text
    faults = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(faults) == 1
    assert faults[0].exc_info is not None


async def test_broken_inside(client: httpx.AsyncClient, federation, caplog) -> None:
    """An error of the configuration that only shows in a request is logged, too."""
    federation.error = ConfigError("the cache cannot be opened")
    response = await client.get("/v1/structures")
    assert response.status_code == 500
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR]


async def test_cancelled(client: httpx.AsyncClient, federation) -> None:
    """A cancelled request is not answered: cancellation passes through."""
    import asyncio

    federation.error = asyncio.CancelledError()  # type: ignore[assignment]
    with pytest.raises(asyncio.CancelledError):
        await client.get("/v1/structures")

"""X-Forwarded-* from an address that is not trusted is said once in the log."""

import logging

import pytest
from starlette.types import Scope

from gateway.config import ServerKeys
from gateway.serve.request.public_url import read_root
from gateway.serve.request.untrusted_proxies import MOST_ADDRESSES, UntrustedProxies
from tests.serve.request.test_public_url import PROXY, scope


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="gateway")
    return caplog


def note(keys: ServerKeys, *scopes: Scope) -> None:
    noted = UntrustedProxies(keys)
    for one in scopes:
        noted.note(one, read_root(one, keys))


def test_once_for_each_address(caplog: pytest.LogCaptureFixture) -> None:
    """The line names the address, the headers, where links lead, and what to set."""
    other = scope("203.0.113.8", x_forwarded_host="a.example")
    note(ServerKeys(), scope(**PROXY), scope(**PROXY), other, other)
    first, second = map(vars, caplog.records)
    assert first["levelno"] == logging.WARNING
    assert first["proxy"] == "203.0.113.7"
    assert first["headers"] == "X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Prefix"
    assert first["links_begin_with"] == "http://inner:8080"
    assert "server.trusted_proxies" in first["what_to_do"]
    assert (second["proxy"], second["headers"]) == ("203.0.113.8", "X-Forwarded-Host")


def test_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A stranger with many addresses does not fill the log; the last line says that it ends."""
    note(ServerKeys(), *(scope(f"2001:db8::{number:x}", **PROXY) for number in range(1000)))
    assert len(caplog.records) == MOST_ADDRESSES + 1
    assert "no further" in caplog.messages[-1]


def test_socket_without_address(caplog: pytest.LogCaptureFixture) -> None:
    """Behind a Unix socket no address can be named."""
    note(ServerKeys(), scope(None, **PROXY), scope("", **PROXY))
    (record,) = map(vars, caplog.records)
    assert record["proxy"] == "a local socket"


@pytest.mark.parametrize(
    ("keys", "request_"),
    [
        ({}, scope(host="a.example")),
        ({}, scope(host="a.example", x_forwarded_for="203.0.113.9")),
        ({"trusted_proxies": ("203.0.113.7",)}, scope(**PROXY)),
        ({"public_url": "https://p.example"}, scope(**PROXY)),
    ],
)
def test_silent(keys: dict[str, object], request_: Scope, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is said where nothing was ignored, or nothing of it is needed."""
    note(ServerKeys(**keys), request_)  # type: ignore[arg-type]
    assert caplog.records == []

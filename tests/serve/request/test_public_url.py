"""Under which address clients see the server."""

import pytest
from starlette.types import Scope

from gateway.config import ServerKeys
from gateway.serve.request.public_url import Root, read_root


def scope(client: str | None = "203.0.113.7", root_path: str = "", **headers: str) -> Scope:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
        "client": (client, 4711) if client else None,
        "root_path": root_path,
        "headers": raw,
    }


PROXY = {
    "host": "inner:8080",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "opti.example.org",
    "x_forwarded_prefix": "/nomad/optimade/",
}


@pytest.mark.parametrize(
    ("server", "request_", "url"),
    [
        ({}, scope(host="a.example"), "http://a.example"),
        ({}, scope(host="a.example:8080"), "http://a.example:8080"),
        ({}, scope(host="[::1]:8080"), "http://[::1]:8080"),
        ({}, scope(), "http://127.0.0.1:8080"),
        ({}, scope(host="evil.example/x?"), "http://127.0.0.1:8080"),
        ({}, scope(host='a"><script>'), "http://127.0.0.1:8080"),
        ({}, scope(host="a.example", root_path="/o"), "http://a.example/o"),
        ({}, scope(**PROXY), "http://inner:8080"),
        ({"public_url": "https://p.example/o/"}, scope(**PROXY), "https://p.example/o"),
        (
            {"trusted_proxies": ("203.0.113.0/24",)},
            scope(**PROXY),
            "https://opti.example.org/nomad/optimade",
        ),
        ({"trusted_proxies": ("203.0.113.8",)}, scope(**PROXY), "http://inner:8080"),
        ({"trusted_proxies": ("::1",)}, scope(**PROXY), "http://inner:8080"),
        (
            {"trusted_proxies": ("::1",)},
            scope("::1", **PROXY),
            "https://opti.example.org/nomad/optimade",
        ),
        ({"trusted_proxies": ("0.0.0.0/0",)}, scope(None, **PROXY), "http://inner:8080"),
        ({"trusted_proxies": ("0.0.0.0/0",)}, scope("unix:", **PROXY), "http://inner:8080"),
        (
            {"trusted_proxies": ("0.0.0.0/0",)},
            scope(host="a.example", x_forwarded_proto="gopher", x_forwarded_prefix="//evil"),
            "http://a.example",
        ),
        (
            {"trusted_proxies": ("0.0.0.0/0",)},
            scope(host="a.example", x_forwarded_host="evil.example, opti.example.org"),
            "http://opti.example.org",
        ),
    ],
)
def test_roots(server: dict[str, object], request_: Scope, url: str) -> None:
    """The configured address wins; X-Forwarded-* counts from trusted proxies alone."""
    assert read_root(request_, ServerKeys(**server)).url == url  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prefix", "path", "left"),
    [
        ("", "/v1/info", "/v1/info"),
        ("/opti", "/v1/info", "/v1/info"),
        ("/opti", "/opti/v1/info", "/v1/info"),
        ("/opti", "/opti", ""),
        ("/opti", "/optimade", "/optimade"),
    ],
)
def test_prefix(prefix: str, path: str, left: str) -> None:
    """Some proxies take the prefix off the path, others leave it in."""
    assert Root("http://a.example" + prefix, prefix).strip(path) == left

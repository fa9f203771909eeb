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
        "client": (client, 4711) if client is not None else None,
        "root_path": root_path,
        "path": "/",
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
        ({}, scope(host="a" * 255), f"http://{'a' * 255}"),
        ({}, scope(host="a" * 256), "http://127.0.0.1:8080"),
        ({}, scope(host=f"[{'1:' * 30}1]"), "http://127.0.0.1:8080"),
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
    ("proxy", "client", "is_trusted"),
    [
        ("10.0.0.5", "10.0.0.5", True),
        ("10.0.0.5", "::ffff:10.0.0.5", True),  # a socket for IPv4 and IPv6
        ("10.0.0.0/8", "::ffff:10.0.0.5", True),
        ("10.0.0.0/8", "::ffff:a00:5", True),
        ("10.0.0.0/8", "::ffff:11.0.0.5", False),
        ("0.0.0.0/0", "::ffff:11.0.0.5", True),
        ("0.0.0.0/0", "::1", False),
        ("::ffff:10.0.0.5", "10.0.0.5", True),
        ("::ffff:10.0.0.5", "::ffff:10.0.0.5", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "11.1.2.3", False),
        ("::ffff:0:0/96", "11.1.2.3", True),
        ("::/0", "::ffff:10.0.0.5", True),
        ("::/0", "10.0.0.5", False),
        ("::10.0.0.5", "10.0.0.5", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("fe80::1", "fe80::1%eth0", True),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        ("fe80::1%eth0", "fe80::1%eth1", False),
        ("fe80::1%eth0", "fe80::1", False),
        ("fe80::1", "fe80::2%eth0", False),
        (" 2001:db8::/32 ", "2001:DB8:0::7", True),
        ("10.0.0.5", "", False),
        ("10.0.0.5", "10.0.0.5.example", False),
    ],
)
def test_trusted_proxies(proxy: str, client: str, is_trusted: bool) -> None:
    """An address is the same one however the socket or the configuration spells it."""
    keys = ServerKeys(trusted_proxies=(proxy,))
    trusted = "https://opti.example.org/nomad/optimade"
    assert read_root(scope(client, **PROXY), keys).url == (
        trusted if is_trusted else "http://inner:8080"
    )


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (("::1", 8080), "http://[::1]:8080"),
        (("::ffff:10.0.0.5", 8080), "http://10.0.0.5:8080"),
        (("fe80::1%eth0", 8080), "http://[fe80::1]:8080"),
        (None, "http://localhost"),
    ],
)
def test_own_address(server: tuple[str, int] | None, url: str) -> None:
    """Without a proper Host, links begin with the socket's own address, as a URL can hold it."""
    assert read_root({**scope(), "server": server}, ServerKeys()).url == url


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


@pytest.mark.parametrize(
    ("prefix", "path", "url", "left"),
    [
        ("/v1", "/v1/info", "", "/v1/info"),
        ("/v1/", "/v1", "", "/v1"),
        ("/opti/v1", "/v1/info", "/opti", "/v1/info"),
        ("/opti/v1", "/opti/v1/info", "/opti/v1", "/info"),
        ("/sites/berlin/v1", "/sites/berlin/v1/info", "", "/sites/berlin/v1/info"),
        ("/index", "/index/v1/info", "", "/index/v1/info"),
        ("/v1", "/info", "/v1", "/info"),  # taken off by the proxy: the unversioned base is there
        ("/v1", "/v10/info", "/v1", "/v10/info"),
        ("/v1", "/v1/v1/info", "/v1", "/v1/info"),
        ("/v1", "/", "/v1", "/"),
        ("/info", "/v1/info", "/info", "/v1/info"),
    ],
)
def test_own_path_in_prefix(prefix: str, path: str, url: str, left: str) -> None:
    """A prefix that ends in what the gateway itself puts there, and left in the path, is cut."""
    keys = ServerKeys(trusted_proxies=("203.0.113.7",))
    asked = {**scope(host="a.example", x_forwarded_prefix=prefix), "path": path}
    root = read_root(asked, keys)
    assert (root.url, root.strip(path)) == (f"http://a.example{url}", left)

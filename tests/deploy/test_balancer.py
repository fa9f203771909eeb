"""The shipped balancer: what it does not pass on, and what it asks of another replica again."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from gateway.config.server_keys import AdmissionKeys, ConnectionKeys
from tests.bench.balancer import SHIPPED, balanced
from tests.deploy.tools import program, run


class Replica(BaseHTTPRequestHandler):
    """Tells what it was asked; one of two kinds ends the connection in place of an answer."""

    is_dying = False

    def do_GET(self) -> None:
        if self.is_dying and self.path != "/ready":
            self.close_connection = True
            return
        body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Dying(Replica):
    is_dying = True


@pytest.fixture(scope="module")
def balancer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The balancer before a replica that answers and one that looks well and dies each time."""
    program("haproxy")
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), kind) for kind in (Replica, Dying)]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    try:
        folder = tmp_path_factory.mktemp("haproxy")
        ports = [server.server_port for server in servers]
        with (
            balanced(ports, folder) as address,
            httpx.Client(base_url=address, timeout=20) as client,
        ):
            yield client
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


def test_file() -> None:
    """HAProxy has nothing to say against the configuration."""
    reported = run("haproxy", "-c", "-f", SHIPPED)
    assert "WARNING" not in reported


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/health", "//metrics", "/%6detrics", "/metrics/", "/metrics?a", "/x/../metrics"],
)
def test_private(path: str, balancer: httpx.Client) -> None:
    """What shows details of sites and process is not passed on, however it is written."""
    url = httpx.URL(str(balancer.base_url)).copy_with(raw_path=path.encode())
    assert balancer.get(url).status_code == 404


@pytest.mark.parametrize("path", ["/", "/v1/structures", "/ready", "/v1/structures/a~metrics"])
def test_public(path: str, balancer: httpx.Client) -> None:
    """All else is passed on as it is."""
    assert balancer.get(path).json()["path"] == path


def test_nothing_is_lost(balancer: httpx.Client) -> None:
    """A request that a replica takes and does not begin to answer is answered by another one."""
    assert [balancer.get("/v1/structures").status_code for _ in range(20)] == [200] * 20


def test_headers(balancer: httpx.Client) -> None:
    """Nobody outside says under which address the gateway is seen."""
    forged = {
        "X-Forwarded-Host": "evil",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Proto": "https",
    }
    headers = balancer.get("/", headers=forged).json()["headers"]
    assert {name.lower(): value for name, value in headers.items()}["x-forwarded-proto"] == "http"
    assert not {"x-forwarded-host", "x-forwarded-prefix"} & {name.lower() for name in headers}


def test_limits() -> None:
    """A replica gets fewer requests at a time than it takes: its queue and its checks stay free."""
    (line,) = [line for line in SHIPPED.read_text("utf-8").splitlines() if "default-server" in line]
    words = line.split()
    most = int(words[words.index("maxconn") + 1])
    assert most < AdmissionKeys().max_requests
    assert most < ConnectionKeys().max_connections

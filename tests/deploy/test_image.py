"""The image runs a command of ours, contained, and its health check tells life from death."""

import re
import subprocess
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket

import yaml

from tests.deploy.tools import DEPLOY
from tests.docs.pages import ROOT
from tests.docs.test_cli import check_gateway

DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
(HEALTHCHECK,) = re.findall(r"HEALTHCHECK .*\\\n +CMD (\[.*\])", DOCKERFILE)


def test_command() -> None:
    """The command exists, the health check asks its port, and what is copied is there."""
    (command,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    words = yaml.safe_load(command)
    check_gateway(words)
    assert f"127.0.0.1:{words[words.index('--port') + 1]}/live" in HEALTHCHECK
    for name in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / file).exists() for file in name.split())


def test_base_image() -> None:
    """Both stages of the image begin with one version of one image."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])


def test_user() -> None:
    """The process is nobody with a name, and the number is the one that the chart runs as."""
    (user,) = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    assert f"--uid {user}" in DOCKERFILE
    template = DEPLOY / "helm/nomad-optimade-gateway/templates/deployment.yaml"
    assert f'"gateway.podSecurity" {user}' in template.read_text("utf-8")


class Gateway(BaseHTTPRequestHandler):
    """Answers /live and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/live" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_alive() -> None:
    """Whoever answers /live is alive, whatever else it answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        assert check(server.server_port, patience_s=10) == 0
        server.shutdown()
        thread.join()


def test_dead() -> None:
    """Nobody there, or nobody who answers, is not."""
    with closing(socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert check(port) != 0
        silent.listen()
        assert check(port) != 0


def check(port: int, *, patience_s: float = 0.3) -> int:
    """The exit code of the health check of the image, asked of another port."""
    reported = HEALTHCHECK.replace(":8080", f":{port}").replace(
        "timeout=4", f"timeout={patience_s}"
    )
    _, *arguments = yaml.safe_load(reported)
    return subprocess.run([sys.executable, *arguments], capture_output=True).returncode

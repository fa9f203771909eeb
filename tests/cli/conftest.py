"""`gateway` as it is called, and servers for it to ask."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.demo import create_demo_oasis
from tests.cli.plain_server import Plain, served
from tests.whole.oases import make_line

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, **environment: str) -> Result:
        env = {"GATEWAY_CONFIG": None, **environment}
        return CliRunner().invoke(main, arguments, env=env, catch_exceptions=False)

    return invoke


@pytest.fixture
def plain() -> Iterator[tuple[Plain, str]]:
    """A plain OPTIMADE server, and its base URL."""
    server = Plain()
    with served(server.app()) as (address,):
        yield server, f"{address}/{server.prefix}"


class Switch:
    """An Oasis that can be away."""

    def __init__(self, app: Callable[..., object]) -> None:
        self._app = app
        self.left: int | None = None
        """So many more requests are answered; None: all."""

    async def __call__(
        self, scope: dict[str, object], receive: object, send: Callable[..., object]
    ) -> None:
        if scope["type"] == "http" and self.left is not None:
            self.left -= 1
            if self.left < 0:
                await send({"type": "http.response.start", "status": 502, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self._app(scope, receive, send)


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[dict[str, Switch]]:
    """Two Oases with 30 entries each, and ./gateway.yaml, which makes pages of 7 of them."""
    oases = {
        name: Switch(
            create_demo_oasis(
                [make_line(f"{name}-{number:02}", nsites=number + 1) for number in range(30)],
                path="",
            )
        )
        for name in ("berlin", "munich")
    }
    with served(*oases.values()) as addresses:
        sites = ", ".join(
            f"{{name: {name}, url: '{address}/api/v1'}}"
            for name, address in zip(oases, addresses, strict=True)
        )
        (tmp_path / "gateway.yaml").write_text(
            "provider: {prefix: fed, name: F, description: D}\n"
            "paging: {default_limit: 5, max_limit: 7}\n"
            f"sites: [{sites}]\n"
        )
        yield oases

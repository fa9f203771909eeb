"""Checks of sites that need a server in the same event loop."""

from pathlib import Path

import httpx

from gateway.cli.check import check_sites
from gateway.cli.demo import demo_config
from gateway.cli.serving import address_of, open_socket, serving
from gateway.config import load_config
from gateway.demo import create_demo_oasis
from gateway.serve.app import create_app

NAMES = ("berlin", "munich", "dresden")


async def test_a_gateway_is_no_oasis(tmp_path: Path) -> None:
    """A gateway as a site of a gateway, perhaps of itself, is warned of."""
    config = demo_config({name: f"http://{name}.test" for name in NAMES})
    wires = {name: httpx.ASGITransport(create_demo_oasis(name)) for name in NAMES}
    own = open_socket("127.0.0.1", 0)
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "provider: {prefix: fed, name: F, description: D}\n"
        f"sites: [{{name: demo, url: '{address_of(own, '/api/v1')}'}}]\n"
    )
    async with serving([(create_app(config, transports=wires), own)], config=config):
        (check,) = await check_sites(load_config(path))
    assert check.failure is None
    assert "this is a gateway like this one" in check.warnings[0]

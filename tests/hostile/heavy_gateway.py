"""Serves large structures without end: `python -m tests.hostile.heavy_gateway PORT`."""

import sys
from dataclasses import replace

import uvicorn

from gateway.cli.serving import server_options
from gateway.model import SearchAnswer
from gateway.observe import Observer, set_up_logging
from gateway.serve.app import build_app
from tests.hostile.server import heavy_structure
from tests.serve.conftest import FakeFederation, make_config


class HeavyFederation(FakeFederation):
    """Each page has structures of its own, as if they had come from a site."""

    def page(self, offset: int, limit: int) -> SearchAnswer:
        """One page."""
        page = super().page(offset, 1)
        resources = tuple(heavy_structure(offset + one, atoms=100) for one in range(limit))
        return replace(page, resources=resources)


def main() -> None:
    """Serve until it is ended."""
    set_up_logging("warning", as_json=True)
    config = make_config()
    app = build_app(config, federation=HeavyFederation(total=10**6), observer=Observer())
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), **server_options(config))


if __name__ == "__main__":
    main()

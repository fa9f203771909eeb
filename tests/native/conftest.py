"""Gateways over demo Oases in this process, for the native API."""

import gzip
from collections.abc import AsyncIterator
from importlib.resources import files

import orjson
import pytest

from gateway.demo import DEMO_SITES, create_demo_oasis
from tests.native.gateways import Native, native_over
from tests.whole.demo_apps import app_of
from tests.whole.oases import awkward_lines


@pytest.fixture(scope="session")
def demo_apps() -> dict[str, object]:
    """The demo's sites, without what an earlier one has, too."""
    seen: set[str] = set()
    apps: dict[str, object] = {}
    for site in DEMO_SITES:
        packed = files("gateway.demo").joinpath(f"data/{site.name}.jsonl.gz").read_bytes()
        lines = [orjson.loads(line) for line in gzip.decompress(packed).splitlines()]
        alone = [line for line in lines if line["metadata"]["upload_id"] not in seen]
        seen |= {line["metadata"]["upload_id"] for line in lines}
        apps[site.name] = create_demo_oasis(alone, path="")
    return apps


@pytest.fixture
async def native(demo_apps: dict[str, object]) -> AsyncIterator[Native]:
    """Over the demo's sites, no entry twice."""
    async with native_over(demo_apps) as opened:  # type: ignore[arg-type]
        yield opened


@pytest.fixture
async def awkward() -> AsyncIterator[Native]:
    """Over few made-up entries, a third of them at two sites with other values."""
    lines = awkward_lines(3, {"a": 30, "b": 25, "c": 20})
    apps = {site: app_of(held) for site, held in lines.items()}
    async with native_over(apps) as opened:
        yield opened

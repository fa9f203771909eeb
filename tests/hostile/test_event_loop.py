"""The largest allowed filters, pages and streams: nothing holds the event loop for long."""

import gc
from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

import httpx
import pytest

from gateway.config import Config
from gateway.serve.app import create_app
from gateway.serve.hot_reload.reloading import tune_garbage_collector
from tests.hostile.canned_site import CannedSite
from tests.hostile.loop_watch import watch_loop
from tests.plan.shapes import LIMITS, large_filters
from tests.whole.oases import make_config

SITES = ("berlin", "dresden", "munich")
SHAPES = dict(large_filters())
WORST = (
    'NOT references.doi HAS ONLY "10.#", ..',
    'references.doi HAS ALL !="10.#", ..',
    '(id>"@~#" OR nsites=#) AND ..',
    '(id>"@~#" OR nelements># AND ..)',
    "nsites=# OR ..",
    "nsites!=# OR ..",
    'elements:elements_ratios HAS ONLY >"$":.# OR ..',
    "NOT elements_ratios HAS ONLY .# OR ..",
)
PAGE = "/v1/structures?page_limit=500"
STREAM = "/v1/structures?response_format=_fed_jsonl"


def config() -> Config:
    """The shipped defaults, but for the time: a busy machine may be slow."""
    return make_config(
        SITES, cache={"backend": "memory"}, timeouts={"budget_s": 60, "longest_s": 60}
    )


@pytest.fixture(autouse=True)
def calm() -> Iterator[None]:
    """The garbage collector as a worker has it; it goes on leaving alone what it left alone."""
    before = gc.get_threshold()
    tune_garbage_collector()
    yield
    gc.set_threshold(*before)


@pytest.fixture(params=[2, 400], ids=["2 atoms", "400 atoms"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    sites = {name: CannedSite(name, entries=400, atoms=request.param) for name in SITES}
    app = create_app(config(), transports=sites)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport,
            base_url="http://gateway",
            timeout=60,
            headers={"Accept-Encoding": "identity"},  # unpacking would be this client's work
        ) as client,
    ):
        yield client


@pytest.mark.parametrize("path", [PAGE, STREAM])
async def test_page_and_stream(client: httpx.AsyncClient, path: str) -> None:
    """The largest page and a whole stream, read from the sites and then from the cache."""
    for _ in range(3):
        with watch_loop() as watch:
            answer = await client.get(path)
        assert answer.status_code == 200
        watch.check()


@pytest.mark.parametrize("client", [2], ids=["2 atoms"], indirect=True)
@pytest.mark.parametrize("name", WORST)
async def test_largest_filters(client: httpx.AsyncClient, name: str) -> None:
    """Planned off the loop; what is left on it, for page and stream, is short."""
    assert len(SHAPES[name]) <= LIMITS.length
    for path in (PAGE, STREAM):
        with watch_loop() as watch:
            answer = await client.get(f"{path}&filter={quote(SHAPES[name])}")
        assert answer.status_code in (200, 400)
        watch.check()

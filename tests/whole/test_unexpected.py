"""An error of our own in what one site sent is that site's failure, never the whole page's.

Nobody knows an input for such errors, or it would be mended: so the code that reads is replaced.
"""

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.fetch.nomad import offsets, pivots
from gateway.fetch.nomad.session import SiteSession
from gateway.model import REFERENCES, SearchRequest
from gateway.serve.app import create_app
from gateway.shape import StructureShaper
from tests.whole.lines import Line
from tests.whole.oases import make_config, make_line, opened
from tests.whole.test_missing import ids, states

DATASET = {"dataset_id": "d-1", "dataset_name": "T", "doi": "10.1/x", "user_id": "u-1"}
LINES = {
    site: [make_line(f"{site[0]}{i:03}", nsites=i % 7, datasets=[DATASET]) for i in range(400)]
    for site in ("berlin", "munich")
}
ARCHIVES = ("lattice_vectors",)


class OwnError(Exception):
    """What nobody expects."""


def breaking(real: Callable[..., Any], is_hit: Callable[..., bool]) -> Callable[..., Any]:
    def broken(*args: Any, **kwargs: Any) -> Any:
        if is_hit(*args, **kwargs):
            raise OwnError("secret")
        return real(*args, **kwargs)

    async def broken_later(*args: Any, **kwargs: Any) -> Any:
        return await broken(*args, **kwargs)

    return broken_later if iscoroutinefunction(real) else broken


def is_munichs_session(session: SiteSession, *_: Any, **__: Any) -> bool:
    return session.name == "munich"


def names_munich(*_: Any, site: str, **__: Any) -> bool:
    return site == "munich"


PLAIN = SearchRequest("structures", page_limit=10, response_fields=())
DEEP = SearchRequest("structures", page_limit=10, offset=350, response_fields=())
PLACES = [
    pytest.param(SiteSession, "page", is_munichs_session, PLAIN, id="keys"),
    pytest.param(
        SiteSession,
        "archives",
        is_munichs_session,
        SearchRequest("structures", page_limit=10, response_fields=ARCHIVES),
        id="archives",
    ),
    pytest.param(SiteSession, "count", is_munichs_session, DEEP, id="counts"),
    pytest.param(pivots, "read_hit", names_munich, DEEP, id="positions"),
    pytest.param(offsets, "preceding", names_munich, DEEP, id="pivots"),
    pytest.param(
        SiteSession,
        "aggregate",
        is_munichs_session,
        SearchRequest(REFERENCES, page_limit=10),
        id="references",
    ),
]


@pytest.mark.parametrize(("owner", "name", "is_hit", "request_"), PLACES)
async def test_an_error_of_our_own_costs_one_site(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: Any,
    name: str,
    is_hit: Callable[..., bool],
    request_: SearchRequest,
) -> None:
    """The others' entries come, the report names the site, the log has the traceback once, and the
    error's text reaches no caller."""
    async with opened(LINES) as one:
        monkeypatch.setattr(owner, name, breaking(getattr(owner, name), is_hit))
        answer = await one.federation.search(request_)
    assert answer.resources
    assert states(answer) == {"berlin": "ok", "munich": "failed"}
    assert not any(id_.startswith("munich~") for id_ in ids(answer))
    reason = next(report.reason for report in answer.reports if report.name == "munich")
    assert reason is not None
    assert reason.endswith("its answer could not be processed; the log says why")
    assert "secret" not in str(answer)
    assert "OwnError: secret" in caplog.text
    lines = [line for line in caplog.messages if line.startswith("unexpected error")]
    assert lines == ["unexpected error in the answer of site munich"]


async def test_an_error_of_our_own_in_one_entry_costs_its_values(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page is whole: this entry has its id, the warning names it, the site is `partial`."""

    def is_hit(_: StructureShaper, entry: Any, __: Any) -> bool:
        return entry.entry_id == "m001" and bool(entry.document or entry.archive)

    request = SearchRequest("structures", page_limit=500, response_fields=ARCHIVES)
    async with opened(LINES) as one:
        monkeypatch.setattr(StructureShaper, "shape", breaking(StructureShaper.shape, is_hit))
        answer = await one.federation.search(request)
    assert len(ids(answer)) == 500
    values = {one.id: one.attributes["lattice_vectors"] for one in answer.resources}
    assert [id_ for id_, value in values.items() if value is None] == ["munich~m001"]
    assert states(answer) == {"berlin": "ok", "munich": "partial"}
    assert any("munich~m001 could not be processed" in one.detail for one in answer.notices)
    lines = [line for line in caplog.messages if line.startswith("unexpected error")]
    assert lines == ["unexpected error in an entry of site munich"]


async def test_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP the page is 200, and the metrics have the site's failure."""
    wires = {
        site: Line(httpx.ASGITransport(create_demo_oasis(held, path="")))
        for site, held in LINES.items()
    }
    app = create_app(make_config(LINES), transports=wires)
    monkeypatch.setattr(SiteSession, "page", breaking(SiteSession.page, is_munichs_session))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway.example") as web,
    ):
        page = await web.get("/v1/structures?response_fields=nsites")
        metrics = (await web.get("/metrics")).text
    assert page.status_code == 200
    assert page.json()["data"]
    assert 'gateway_site_states_total{site="munich",state="failed"} 1.0' in metrics

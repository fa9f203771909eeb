"""One configuration at work: how long it lives once another has taken over."""

import asyncio
from typing import Any

import pytest

from gateway.config import ServerKeys, TimeoutKeys
from gateway.observe import Observer
from gateway.serve.app import build_app
from gateway.serve.hot_reload.generation import GRACE_S, Generation
from gateway.serve.request.context import CUT
from tests.serve.conftest import FakeFederation, make_config


def generation(**sections: object) -> tuple[Generation, FakeFederation]:
    federation = FakeFederation()
    app = build_app(make_config(**sections), federation=federation, observer=Observer())
    return Generation(app), federation


@pytest.mark.parametrize(
    ("budget_s", "drain_s", "longest_s"), [(4, 0, 4), (4, 30, 30), (10, 3, 10), (0.2, 0, 0.2)]
)
def test_the_time_of_an_old_configuration(
    budget_s: float, drain_s: float, longest_s: float
) -> None:
    """A request has its whole time, and a load balancer its own."""
    old, _ = generation(timeouts=TimeoutKeys(budget_s=budget_s), server=ServerKeys(drain_s=drain_s))
    assert old._grace_s() == longest_s + GRACE_S


class Client:
    """Asks a generation directly, and hears what it sends."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.cuts = 0

    def scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "method": "GET",
            "path": "/v1/structures",
            "raw_path": b"/v1/structures",
            "query_string": b"",
            "headers": [(b"host", b"x")],
            "scheme": "http",
            "server": ("x", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "state": {},
            "extensions": {CUT: self.cut},
        }

    def cut(self) -> None:
        self.cuts += 1

    async def receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Any) -> None:
        self.sent.append(message)


async def test_what_still_goes_on_is_cut_off_and_all_is_closed() -> None:
    """With the time over; what ends before has its answer, and nobody waits for it."""
    old, federation = generation(timeouts=TimeoutKeys(budget_s=0.2))
    await old.open()
    quick, stuck = Client(), Client()
    await old.answer(quick.scope(), quick.receive, quick.send)
    assert quick.sent[0]["status"] == 200
    assert not old._under_way
    federation.hold = asyncio.Event()
    answering = asyncio.ensure_future(old.answer(stuck.scope(), stuck.receive, stuck.send))
    while not federation.under_way:
        await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    await old.close_when_unused()
    assert asyncio.get_running_loop().time() - began >= 0.2 + GRACE_S
    assert old.state.is_replaced
    assert answering.done()
    assert (federation.is_open, federation.under_way, quick.cuts, stuck.cuts) == (False, 0, 0, 1)


async def test_one_that_answers_nobody_ends_at_once() -> None:
    """Nothing is waited for."""
    old, federation = generation(timeouts=TimeoutKeys(budget_s=60))
    await old.open()
    assert federation.is_open
    async with asyncio.timeout(20):
        await old.close_when_unused()
    assert not federation.is_open

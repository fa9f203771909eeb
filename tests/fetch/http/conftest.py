"""What goes over the wire is tried in both event loops that a gateway may run in."""

import asyncio
import importlib.util
from collections.abc import Callable, Mapping

import pytest

ON_THE_WIRE = ("test_pool", "test_connection", "test_hostile_wire")

Loop = Callable[[], asyncio.AbstractEventLoop]


def _loops() -> dict[str, Loop]:
    loops: dict[str, Loop] = {"asyncio": asyncio.SelectorEventLoop}
    if importlib.util.find_spec("uvloop") is not None:
        import uvloop

        loops["uvloop"] = uvloop.new_event_loop
    return loops


LOOPS = _loops()


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Loop]:
    """The loops for one test, where pytest-asyncio knows how to change them (1.4)."""
    if item.path.stem in ON_THE_WIRE:
        return LOOPS
    return {"asyncio": LOOPS["asyncio"]}

"""Both event loops that a gateway may run in: what goes over the wire is tried in each."""

import asyncio
import importlib.util

import pytest

KINDS = ("asyncio", "uvloop") if importlib.util.find_spec("uvloop") else ("asyncio",)


@pytest.fixture(scope="module", params=KINDS)
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    """The policy that pytest-asyncio makes its loops by."""
    if request.param == "asyncio":
        return asyncio.DefaultEventLoopPolicy()
    uvloop = pytest.importorskip("uvloop")
    return uvloop.EventLoopPolicy()  # type: ignore[no-any-return]

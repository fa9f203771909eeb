"""A browser and gateways over the demo Oases, once for all tests of pages.

Playwright's asynchronous interface runs in the event loop that serves the gateways, and all tests
here share that loop: its synchronous one leaves a running loop behind, in which no other
asynchronous test could start.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.web.browser import ONE_PROCESS, are_required, arguments, find_browser, why_left_out
from tests.web.gateways import AWAY, PREFIX, open_oases, running

if TYPE_CHECKING:
    from playwright.async_api import Browser

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop and one process; left out where there is no browser."""
    reason = why_left_out() or (ONE_PROCESS if "PYTEST_XDIST_WORKER" in os.environ else None)
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if reason and not are_required():
            item.add_marker(pytest.mark.skip(reason=f"tests/web left out: {reason}"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator["Browser"]:
    """The browser; without one where it is required, the tests fail here."""
    reason = why_left_out()
    if reason:
        pytest.fail(f"tests/web are required here: {reason}")
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=arguments())
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateways() -> AsyncIterator[Mapping[str, str]]:
    """The base URL of each kind of gateway."""
    oases = open_oases()
    async with AsyncExitStack() as stack:
        yield {
            "whole": await stack.enter_async_context(running(oases)),
            "partial": await stack.enter_async_context(running(oases, away=AWAY)),
            "prefixed": await stack.enter_async_context(running(oases, prefix=PREFIX)),
        }

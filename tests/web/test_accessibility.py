"""Axe finds nothing to complain of, in any state, in light and dark, wide and narrow."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from tests.web.states import PEOPLE
from tests.web.visits import DESKTOP, PHONE, visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
async def test_axe(
    browser: "Browser", gateways: Mapping[str, str], is_dark: bool, width: int
) -> None:
    """0 violations; the list says in which state there is one."""
    from axe_playwright_python.async_playwright import Axe

    found: dict[str, str] = {}
    async with visiting(browser, width=width, is_dark=is_dark, bypass_policy=True) as visitor:
        for name, state in PEOPLE.items():
            visit = await visitor.open(gateways[state.gateway] + state.path)
            results = await Axe().run(visit.page)
            if results.violations_count:
                found[name] = results.generate_report()
            await visit.page.close()
    assert found == {}


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
async def test_nothing_is_wider_than_the_window(
    browser: "Browser", gateways: Mapping[str, str], width: int
) -> None:
    """No page scrolls sideways; wide tables do so inside their boxes."""
    wide: dict[str, int] = {}
    async with visiting(browser, width=width) as visitor:
        for name, state in PEOPLE.items():
            visit = await visitor.open(gateways[state.gateway] + state.path)
            size = await visit.page.evaluate("() => document.documentElement.scrollWidth")
            if size > width:
                wide[name] = size
            await visit.page.close()
    assert wide == {}

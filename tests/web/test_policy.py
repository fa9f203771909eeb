"""No page loads anything from elsewhere, or does what its policy forbids, in any state."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from tests.web.states import STATES
from tests.web.visits import visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.mark.parametrize("name", STATES)
async def test_every_state(browser: "Browser", gateways: Mapping[str, str], name: str) -> None:
    """Its status is right, it asks no other host, and the browser has nothing to complain of."""
    state = STATES[name]
    async with visiting(browser) as visitor:
        visit = await visitor.open(gateways[state.gateway] + state.path)
        assert visit.status == state.status
        assert visit.foreign == []
        assert visit.complaints == []
        assert await visit.page.title()


async def test_a_violation_would_be_seen(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """What the policy refuses is noticed: an inline style, an image of another host, a script."""
    async with visiting(browser) as visitor:
        visit = await visitor.open(f"{gateways['whole']}/entry/berlin~none")
        await visit.page.evaluate(
            """() => {
              document.body.setAttribute("style", "color: red");
              document.body.append(Object.assign(new Image(), { src: "http://other.example/x" }));
            }"""
        )
        await visit.page.wait_for_timeout(300)
        assert any("style-src" in one for one in visit.complaints)
        assert any("img-src" in one for one in visit.complaints)

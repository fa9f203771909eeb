"""The API docs: Swagger UI from the package, under a policy without exceptions for styles."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.web.visits import visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser


async def test_an_endpoint_is_tried_out(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """Open, fill in, execute: the answer is shown; nothing is refused, no other host is asked."""
    async with visiting(browser) as visitor:
        visit = await visitor.open(f"{gateways['whole']}/docs")
        page = visit.page
        await page.locator(".opblock-summary-path").filter(has_text="/info").last.wait_for()
        await (
            page.locator("#operations-about-get_info_info_get")
            .get_by_role("button", expanded=False)
            .first.click()
        )
        await page.get_by_role("button", name="Try it out").click()
        await page.get_by_role("button", name="Execute").click()
        await (
            page.locator(".live-responses-table .response-col_status")
            .get_by_text("200")
            .first.wait_for()
        )
        assert visit.foreign == []
        assert visit.complaints == []


async def test_without_scripts(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """The endpoints with their parameters are a table."""
    async with visiting(browser, scripts=False) as visitor:
        visit = await visitor.open(f"{gateways['whole']}/docs")
        assert await visit.page.get_by_role("heading", name="GET /structures").first.is_visible()
        assert await visit.page.get_by_text("page_limit", exact=True).first.is_visible()

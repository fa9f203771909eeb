"""Visits of pages, watched: what was refused by the policy, went wrong, or asked another host."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Request

DESKTOP, PHONE = 1280, 390

# The policy forbids what `wait_for_function` and string expressions do: a listener is put in by the
# browser itself, and the console carries what it hears.
_LISTEN = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""


@dataclass
class Visit:
    """One open page and what was noticed on it."""

    page: "Page"
    status: int = 0
    scripts: bool = True
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    async def settle(self) -> None:
        """Wait until all is loaded, and the picture stands where there is one."""
        await self.page.wait_for_load_state("load")
        viewer = self.page.locator("#viewer[data-scene]")
        if await viewer.count() and await self.page.locator("#viewer:not([hidden])").count():
            await self.page.locator("#viewer[data-state=drawn]").wait_for()
        if await self.page.locator("script[src$='/docs.js']").count() and self.scripts:
            await self.page.locator(".opblock").first.wait_for()


@dataclass
class Visitor:
    """Opens pages with one kind of browser window."""

    context: "BrowserContext"
    scripts: bool = True

    async def open(self, address: str) -> Visit:
        """The page, settled."""
        page = await self.context.new_page()
        visit, host = Visit(page, scripts=self.scripts), urlsplit(address).netloc

        def note(request: "Request") -> None:
            asked = urlsplit(request.url)
            if asked.scheme in ("http", "https", "ws", "wss") and asked.netloc != host:
                visit.foreign.append(request.url)

        page.on("request", note)
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("console", lambda message: _note(visit, message.type, message.text))
        answer = await page.goto(address)
        visit.status = answer.status if answer else 0
        await visit.settle()
        return visit


def _note(visit: Visit, kind: str, text: str) -> None:
    """Errors and warnings count; that a page has an error status is no fault of the page."""
    is_status = "the server responded with a status of" in text
    if kind in ("error", "warning") and not is_status and "GPU stall" not in text:
        visit.complaints.append(text)


@asynccontextmanager
async def visiting(
    browser: "Browser",
    *,
    width: int = DESKTOP,
    is_dark: bool = False,
    scripts: bool = True,
    bypass_policy: bool = False,
) -> AsyncIterator[Visitor]:
    """A window of the browser; `bypass_policy` is for tools that write scripts into pages."""
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if is_dark else "light",
        java_script_enabled=scripts,
        bypass_csp=bypass_policy,
        has_touch=width < 600,
    )
    context.set_default_timeout(20_000)
    if scripts:
        await context.add_init_script(_LISTEN)
    try:
        yield Visitor(context, scripts)
    finally:
        await context.close()

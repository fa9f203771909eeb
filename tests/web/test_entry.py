"""What people do on the page of an entry: look, turn, copy, print; with and without JavaScript."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.web.states import ENTRY_STATES
from tests.web.visits import PHONE, Visit, visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser

VIEWER = "3Dmol"


def address(gateways: Mapping[str, str], name: str) -> str:
    state = ENTRY_STATES[name]
    return gateways[state.gateway] + state.path


async def picture(visit: Visit) -> bytes:
    """The figure as it is seen. Not the element's own screenshot: it waits for a quiet moment."""
    await visit.page.evaluate("() => scrollTo(0, 0)")
    await visit.page.wait_for_timeout(300)
    box = await visit.page.locator("#viewer").bounding_box()
    assert box
    clip = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
    return await visit.page.screenshot(clip=clip)  # type: ignore[arg-type]


async def test_controls_change_the_picture(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """Each control changes what is drawn; the supercell says that it is for the picture alone."""
    async with visiting(browser) as visitor:
        visit = await visitor.open(address(gateways, "entry-shared-sites"))
        page, seen = visit.page, [await picture(visit)]
        for name in ("border", "across", "bonds", "labels", "filling"):
            await page.locator(f"[name={name}]").click()
            seen.append(await picture(visit))
        await page.locator("[name=repeat-0]").select_option("2")
        seen.append(await picture(visit))
        await page.get_by_role("button", name="View along c").click()
        seen.append(await picture(visit))
        assert len(set(seen)) == len(seen)
        assert await page.get_by_text("For the picture alone").is_visible()
        assert visit.complaints == []


async def test_keyboard(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """The picture is reached by Tab; arrows turn it, + zooms, 0 leads back."""
    async with visiting(browser) as visitor:
        visit = await visitor.open(address(gateways, "entry-crystal"))
        page = visit.page
        for _ in range(12):
            await page.keyboard.press("Tab")
            if await page.locator("#viewer:focus").count():
                break
        first = await picture(visit)
        await page.keyboard.press("ArrowLeft")
        turned = await picture(visit)
        await page.keyboard.press("+")
        zoomed = await picture(visit)
        await page.keyboard.press("0")
        assert len({first, turned, zoomed}) == 3
        assert await picture(visit) == first


async def test_without_scripts(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """A sentence in place of the picture; coordinates, cell, citation and downloads are there."""
    async with visiting(browser, scripts=False) as visitor:
        visit = await visitor.open(address(gateways, "entry-left-handed"))
        page = visit.page
        assert await page.locator("noscript .notice").is_visible()
        assert await page.locator("table.sites tbody tr").count() == 8
        assert await page.get_by_text("left-handed set").is_visible()
        assert not await page.locator("#viewer-tools").is_visible()
        assert not await page.get_by_role("button", name="Copy the address").is_visible()
        link = await page.get_by_role("link", name="CIF").get_attribute("href")
        answer = await page.request.get(f"{gateways['whole']}/{(link or '').removeprefix('../')}")
        assert answer.status == 200
        assert "_cell_length_a" in await answer.text()


async def test_every_download_is_a_file(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """Each link that the page offers leads to a file; what cannot be made has a sentence."""
    async with visiting(browser) as visitor:
        for name in ("entry-crystal", "entry-molecule", "entry-shared-sites"):
            visit = await visitor.open(address(gateways, name))
            links = visit.page.locator("a[download]")
            for link in await links.all():
                href = (await link.get_attribute("href") or "").removeprefix("../")
                answer = await visit.page.request.get(f"{gateways['whole']}/{href}")
                assert answer.status == 200, href
        assert await visit.page.get_by_text("No extended XYZ").is_visible()


async def test_large_tables_are_folded(browser: "Browser", gateways: Mapping[str, str]) -> None:
    async with visiting(browser, width=PHONE) as visitor:
        visit = await visitor.open(address(gateways, "entry-large"))
        rows = visit.page.locator("table.sites tbody tr")
        assert not await rows.first.is_visible()
        await visit.page.get_by_text("Show the coordinates of 108 sites").click()
        assert await rows.first.is_visible()
        assert await rows.count() == 108


async def test_viewer_is_loaded_with_a_picture_alone(
    browser: "Browser", gateways: Mapping[str, str]
) -> None:
    """Neither the search page nor an entry without positions loads it."""
    async with visiting(browser) as visitor:
        for name, wanted in (("entry-crystal", 1), ("entry-without-positions", 0)):
            assert await _viewer_files(visitor.context, address(gateways, name)) == wanted
        assert await _viewer_files(visitor.context, f"{gateways['whole']}/") == 0


async def _viewer_files(context: object, where: str) -> int:
    page = await context.new_page()  # type: ignore[attr-defined]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(where, wait_until="networkidle")
    await page.close()
    return sum(VIEWER in url for url in asked)


async def test_print(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """On paper there are a still picture and the facts, and no controls."""
    async with visiting(browser) as visitor:
        visit = await visitor.open(address(gateways, "entry-crystal"))
        await visit.page.evaluate("() => { dispatchEvent(new Event('beforeprint')) }")
        await visit.page.emulate_media(media="print")
        assert await visit.page.locator("#viewer-print").is_visible()
        assert not await visit.page.locator("#viewer-tools").is_visible()
        assert await visit.page.locator("#cell-title").is_visible()
        assert visit.complaints == []


async def test_browser_without_3d(gateways: Mapping[str, str]) -> None:
    """Where nothing can be drawn a sentence says so, and the page is whole otherwise."""
    from playwright.async_api import async_playwright

    from tests.web.browser import find_browser

    flags = ["--no-sandbox", "--disable-gpu", "--disable-3d-apis"]
    async with async_playwright() as playwright:
        plain = await playwright.chromium.launch(executable_path=find_browser(), args=flags)
        page = await plain.new_page()
        await page.goto(address(gateways, "entry-crystal"))
        await page.get_by_text("cannot draw the structure in 3D").wait_for()
        assert not await page.locator("#viewer").is_visible()
        await plain.close()

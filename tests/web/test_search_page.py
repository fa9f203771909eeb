"""The search page in a browser: all states without complaints, flows with and without scripts."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.web.states import State
from tests.web.visits import DESKTOP, PHONE, visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

TITANIA = "/?filter=" + quote('elements HAS ALL "Ti","O"')
SEARCH_STATES: Mapping[str, State] = {
    "all": State("/"),
    "results": State(f"{TITANIA}&sort=-nsites"),
    "second-page": State("/?filter=nelements%3D3&page_limit=20&page_offset=20"),
    "partial": State("/?filter=" + quote('elements HAS "Si"'), gateway="partial"),
    "filter-error": State("/?filter=nelements%20%3D%3D%202", 400),
    "unknown-property": State("/?filter=nelemnts%3D2", 400),
    "field-error": State("/?form=fields&formula=TiX2&nsites_min=abc&elements=Ti+Zz", 400),
    "nothing": State("/?filter=" + quote('elements HAS ALL "Ti","O" AND nsites > 900')),
    "away": State("/sites/munich/", 503, "partial"),
    "one-site": State("/sites/berlin/"),
    "versioned": State("/v1/"),
    "behind-path": State("/", gateway="prefixed"),
    "index": State("/index"),
    "no-site": State("/sites/nowhere/", 404),
}


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
async def test_every_state(
    browser: "Browser", gateways: Mapping[str, str], is_dark: bool, width: int
) -> None:
    """Axe finds nothing, nothing is wider than the window, each status is as it should be."""
    from axe_playwright_python.async_playwright import Axe

    found: dict[str, object] = {}
    async with visiting(browser, width=width, is_dark=is_dark, bypass_policy=True) as visitor:
        for name, state in SEARCH_STATES.items():
            visit = await visitor.open(gateways[state.gateway] + state.path)
            results = await Axe().run(visit.page)
            size = await visit.page.evaluate("() => document.documentElement.scrollWidth")
            if results.violations_count or size > width or visit.status != state.status:
                found[name] = (visit.status, size, results.generate_report())
            await visit.page.close()
    assert found == {}


async def test_policy(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """Nothing is refused by the policy, goes wrong, or asks another host; the catalogue neither."""
    found: dict[str, object] = {}
    async with visiting(browser) as visitor:
        for name, state in SEARCH_STATES.items():
            visit = await visitor.open(gateways[state.gateway] + state.path)
            if visit.complaints or visit.foreign:
                found[name] = (visit.complaints, visit.foreign)
            await visit.page.close()
    assert found == {}


async def _count(page: "Page") -> str:
    return await page.locator("#count").inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_search_sort_and_turn_pages(
    browser: "Browser", gateways: Mapping[str, str], scripts: bool
) -> None:
    """Elements, a formula, the order, pages, back: with scripts and without."""
    async with visiting(browser, scripts=scripts) as visitor:
        page = (await visitor.open(gateways["whole"] + "/")).page
        assert await _count(page) == "1,347 structures"
        await page.locator('.ptable input[value="Ti"]').check(force=True)
        await page.locator('.ptable input[value="O"]').check(force=True)
        await page.get_by_role("button", name="Search").click()
        assert await _count(page) == "15 structures found"
        assert await page.locator("#elements").input_value() == "Ti O"
        assert await page.locator("#filter").input_value() == 'elements HAS ALL "Ti", "O"'
        await page.get_by_role("link", name="Sites").click()
        assert await page.locator("[aria-sort=ascending]").inner_text() == "Sites"
        first = await page.locator(".found tbody tr").first.inner_text()
        await page.get_by_label("Rows").select_option("20")
        await page.locator('.ptable input[value="Ti"]').uncheck(force=True)
        await page.get_by_role("button", name="Search").click()
        assert await page.locator("#filter").input_value() == 'elements HAS ALL "O"'
        await page.get_by_role("link", name="Next").click()
        assert "21–40 shown" in await page.locator(".summary").inner_text()
        assert await page.locator(".found tbody tr").first.inner_text() != first
        await page.get_by_role("link", name="First").click()
        assert "1–20 shown" in await page.locator(".summary").inner_text()
        await page.locator(".found tbody a").first.click()
        assert "/entry/" in page.url


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_columns_and_filter(
    browser: "Browser", gateways: Mapping[str, str], scripts: bool
) -> None:
    """A column more, and a filter written by hand, which the fields then show."""
    async with visiting(browser, scripts=scripts) as visitor:
        page = (await visitor.open(gateways["whole"] + TITANIA)).page
        await page.get_by_text("Columns", exact=True).first.click()
        await page.get_by_label("Program", exact=True).and_(page.locator("[name=column]")).check()
        await page.get_by_role("button", name="Show").click()
        assert "Program" in await page.locator(".found thead").inner_text()
        await page.locator("#filter").fill('chemical_formula_reduced = "O2Ti"')
        await page.get_by_role("button", name="Apply").click()
        assert await _count(page) == "4 structures found"
        assert await page.locator("#formula").input_value() == "TiO2"
        assert "Program" in await page.locator(".found thead").inner_text()


async def test_keyboard(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """The periodic table is one tab stop; arrows go through it, space chooses, x takes out."""
    async with visiting(browser) as visitor:
        page = (await visitor.open(gateways["whole"] + "/")).page
        await page.locator('.ptable input[value="H"]').focus()
        for key in ("ArrowDown", "ArrowRight", "Space", "ArrowDown", "x"):
            await page.keyboard.press(key)
        assert await page.locator("#elements").input_value() == "Be"
        assert await page.locator("#without").input_value() == "Mg"
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert await focused.get_attribute("name") == "formula"
        await focused.press("Enter")
        await page.locator("#count").wait_for()
        assert await page.locator("#filter").input_value() == (
            'elements HAS ALL "Be" AND NOT elements HAS "Mg"'
        )


async def test_while_a_search_is_on_its_way(
    browser: "Browser", gateways: Mapping[str, str]
) -> None:
    """The old results are dimmed, and a sentence says what happens."""
    async with visiting(browser) as visitor:
        page = (await visitor.open(gateways["whole"] + TITANIA)).page
        await page.route(re.compile("form=fields"), lambda route: route.fulfill(status=204))
        await page.get_by_role("button", name="Search").click()
        await page.locator("#results.loading").wait_for()
        assert await page.locator("#status").inner_text() == "Searching …"


async def test_copy(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """A click copies the text for a program."""
    async with visiting(browser) as visitor:
        await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = (await visitor.open(gateways["whole"] + TITANIA)).page
        await page.get_by_role("button", name="Copy the text for curl").click()
        await page.get_by_text("Copied", exact=True).wait_for()


async def test_phone(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """On a telephone the table is folded, rows are cards, and a search ends at its results."""
    async with visiting(browser, width=PHONE) as visitor:
        page = (await visitor.open(gateways["whole"] + "/")).page
        assert not await page.locator('.ptable input[value="Ti"]').is_visible()
        await page.locator("#elements").fill("Ti O")
        await page.get_by_role("button", name="Search").click()
        assert await _count(page) == "15 structures found"
        assert page.url.endswith("#results")
        assert not await page.locator(".found thead").is_visible()
        assert await page.locator(".found tbody tr").count() == 15


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_results_on_a_phone(
    browser: "Browser", gateways: Mapping[str, str], scripts: bool
) -> None:
    """A search that is opened by its address shows its results at once, the form folded."""
    async with visiting(browser, width=PHONE, scripts=scripts) as visitor:
        page = (await visitor.open(gateways["whole"] + TITANIA)).page
        box = await page.locator("#count").bounding_box()
        assert box
        assert box["y"] < 600
        assert not await page.locator("#elements").is_visible()
        await page.get_by_text("Change the search").click()
        assert await page.locator("#elements").input_value() == "Ti O"
        await page.get_by_text("Periodic table", exact=True).click()
        cell = await page.locator(".e", has_text="Ti").bounding_box()
        assert cell
        assert min(cell["width"], cell["height"]) >= 24  # as large as a finger needs
    async with visiting(browser, scripts=scripts) as visitor:
        page = (await visitor.open(gateways["whole"] + TITANIA)).page
        assert await page.locator("#elements").is_visible()
        assert not await page.get_by_text("Change the search").is_visible()


async def test_errors_of_fields_are_seen_on_a_phone(
    browser: "Browser", gateways: Mapping[str, str]
) -> None:
    """The form is open where a field is wrong."""
    async with visiting(browser, width=PHONE) as visitor:
        page = (await visitor.open(gateways["whole"] + "/?form=fields&formula=Xy")).page
        assert await page.locator("#formula-error").is_visible()


async def test_counts_are_seen(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """The cells of the periodic table have counts; with a site missing, that they are left out."""
    async with visiting(browser) as visitor:
        page = (await visitor.open(gateways["whole"] + "/")).page
        assert await page.locator(".e", has_text="Ti").inner_text() == "Ti\n44"
        page = (await visitor.open(gateways["partial"] + "/")).page
        assert await page.locator(".e small").count() == 0
        assert await page.locator("#uncounted").is_visible()


async def test_print(browser: "Browser", gateways: Mapping[str, str]) -> None:
    """On paper: what was searched for, and the results; no form, no buttons."""
    async with visiting(browser) as visitor:
        page = (await visitor.open(gateways["whole"] + TITANIA)).page
        await page.emulate_media(media="print")
        assert await page.get_by_text("Searched for:").is_visible()
        assert await page.locator(".found").is_visible()
        for hidden in ("#fields", "#filter", "#use", ".show"):
            assert not await page.locator(hidden).is_visible()
        path = "/entry/berlin~CiQUiLdpvV9_JKJxiPK_HehiuuUj"
        page = (await visitor.open(gateways["whole"] + path)).page
        assert not await page.locator(".sites").is_visible()
        await page.emulate_media(media="print")
        assert await page.locator(".sites").is_visible()

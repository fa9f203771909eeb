"""Take the pictures of the pages for the documents: `python -m tests.web.make_pictures`.

Each state of `states.py` that `PICTURES` names, in docs/assets/page/, small enough to be kept.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import async_playwright

from tests.web.browser import arguments, find_browser
from tests.web.gateways import AWAY, PREFIX, open_oases, running
from tests.web.states import PEOPLE
from tests.web.visits import DESKTOP, PHONE, visiting

FOLDER = Path(__file__).parents[2] / "docs" / "assets" / "page"
MAX_BYTES = 60_000
HEIGHT = 1000
PICTURES = {
    "search-all": {},
    "search-results": {},
    "search-partial": {},
    "search-filter-error": {},
    "search-field-error": {},
    "search-nothing-found": {},
    "search-nothing-so-far": {},
    "search-all-away": {},
    "entry-crystal": {},
    "entry-shared-sites": {},
    "entry-molecule": {},
    "entry-without-positions": {},
    "entry-not-found": {},
    "entry-away": {},
    "entry-crystal-dark": {"is_dark": True},
    "entry-crystal-phone": {"width": PHONE},
    "search-results-dark": {"is_dark": True},
    "search-results-phone": {"width": PHONE},
}


def write_small(png: bytes, file: Path) -> int:
    """Write the picture as WebP, the better the smaller it is; gives its size."""
    image = Image.open(BytesIO(png)).convert("RGB")
    for quality in (80, 65, 50, 35, 20):
        image.save(file, "WEBP", quality=quality, method=6)
        if file.stat().st_size <= MAX_BYTES:
            break
    return file.stat().st_size


async def take(names: list[str]) -> None:
    """The pictures of these names, or all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    oases = open_oases()
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=arguments())
        addresses = {
            "whole": await stack.enter_async_context(running(oases)),
            "partial": await stack.enter_async_context(running(oases, away=AWAY)),
            "prefixed": await stack.enter_async_context(running(oases, prefix=PREFIX)),
        }
        for name in names or PICTURES:
            options = PICTURES[name]
            state = PEOPLE[name.removesuffix("-dark").removesuffix("-phone")]
            async with visiting(
                browser,
                width=int(options.get("width", DESKTOP)),
                is_dark=bool(options.get("is_dark")),
            ) as visitor:
                visit = await visitor.open(addresses[state.gateway] + state.path)
                await visit.page.set_viewport_size(
                    {"width": int(options.get("width", DESKTOP)), "height": HEIGHT}
                )
                await visit.page.wait_for_timeout(500)
                size = write_small(await visit.page.screenshot(), FOLDER / f"{name}.webp")
                print(f"{name:28} {size / 1000:5.1f} kB")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1:]))

"""Which browser the tests of pages use, and why they are left out where there is none."""

import importlib.util
import os
import shutil

REQUIRED = "WEB_TESTS"
"""Set to `required`, a missing browser is a failure; `make web` does so."""
BROWSER = "WEB_BROWSER"
"""Where the browser is, unless it is found on the PATH."""

ONE_PROCESS = "they run in one process; `make web` runs them"
"""Why they are left out where tests are spread over several."""

_NAMES = ("chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser")
_PACKAGES = ("playwright", "axe_playwright_python")
_SOFTWARE_WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def find_browser() -> str | None:
    """The browser's path."""
    return os.environ.get(BROWSER) or next(filter(None, map(shutil.which, _NAMES)), None)


def arguments() -> list[str]:
    """3D without a graphics card; without a sandbox only for root, for whom there is none."""
    root = ("--no-sandbox",) if hasattr(os, "getuid") and os.getuid() == 0 else ()
    return [*root, *_SOFTWARE_WEBGL]


def why_left_out() -> str | None:
    """What is missing, as a sentence; None: all that is needed is there."""
    lacking = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        return f"{' and '.join(lacking)} is not installed; `make web` installs and runs them"
    if find_browser() is None:
        return f"no browser is found ({_NAMES[0]} on the PATH, or {BROWSER}=/path/to/it)"
    return None


def are_required() -> bool:
    """Whether leaving them out is a failure."""
    return os.environ.get(REQUIRED) == "required"

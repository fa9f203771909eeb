"""The path of a request -> how metrics name it, so that there are few names."""

import re
from functools import lru_cache

_ENTRY_PATH = re.compile(r"^/entries/(?!query$|archive/)[^/]+")
_ID_PATH = re.compile(r"^/(uploads|datasets)/[^/]+")


@lru_cache(maxsize=64)
def path_label(path: str) -> str:
    """The path without ids, and without what stands below them but one word."""
    shown = _ENTRY_PATH.sub("/entries/{entry_id}", path.partition("?")[0])
    first, found, below = _ID_PATH.sub(r"/\1/{id}", shown).partition("}")
    word, *more = below.split("/")[1:] or [""]
    rest = f"/{word}" if word else ""
    if more:
        rest += "/query" if more == ["query"] else "/.."
    return f"{first}{found}{rest}"

"""Demo Oases that tests share: they keep nothing of what they are asked, and are slow to index."""

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from starlette.applications import Starlette

from gateway.demo import create_demo_oasis


@cache
def demo_app(site: str, *, version: str = "2.0.0", path: str = "") -> Starlette:
    """One of the demo's Oases."""
    return create_demo_oasis(site, version=version, path=path)


def app_of(lines: Sequence[Mapping[str, Any]], *, version: str = "2.0.0") -> Starlette:
    """An Oasis over a copy of these lines; the same one for equal lines."""
    return _app_of(json.dumps(list(lines)), version)


@lru_cache(maxsize=32)
def _app_of(lines: str, version: str) -> Starlette:
    return create_demo_oasis(json.loads(lines), version=version, path="")

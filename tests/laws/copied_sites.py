"""The sites of a federation with copies: real ones or the demo's, whole or with entries hidden."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from gateway.cli.demo import OASIS_PATH
from gateway.config import Config
from gateway.demo import DEMO_SITES, create_demo_oasis
from gateway.properties import STRUCTURE
from tests.laws.copied import Copy, copy_of
from tests.whole.lines import Asked, Line

ALL = 10_000
CHUNK = 1_000
"""Values of one condition: 1.3 takes no more."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Addresses and lines by name, in the order of the configuration."""

    urls: Mapping[str, str]
    lines: Mapping[str, Line]

    def config(self, **sections: Any) -> Config:
        """A patient federation of them, without a cache."""
        known: dict[str, Any] = {
            "provider": {"prefix": "fed", "name": "Tests", "description": "Copies."},
            "sites": [{"name": name, "url": url} for name, url in self.urls.items()],
            "cache": {"backend": "none"},
            "timeouts": {"budget_s": 60, "site_s": 60},
        }
        return Config(**{**known, **sections})

    async def copies(self) -> list[Copy]:
        """All public structures, as each site says alone."""
        found: list[Copy] = []
        for name in self.urls:
            held = await self._ask(name, "/entries/archive/query", {"metadata": {"optimade": "*"}})
            archives = {one["entry_id"]: one["archive"]["metadata"]["optimade"] for one in held}
            indexed = await self._ask(name, "/entries/query", {"include": ["*"]})
            found += [copy_of(one, archives[one["entry_id"]], site=name) for one in indexed]
        return found

    async def hide(self, part: float, random: Random) -> None:
        """Keep a part of each site's entries from everybody, from now on."""
        for name, line in self.lines.items():
            every = await self._ask(name, "/entries/query", {"include": ["entry_id"]})
            ids = sorted(one["entry_id"] for one in every)
            line.rewrite = hiding(random.sample(ids, int(part * len(ids))))

    async def _ask(self, name: str, path: str, required: object) -> list[dict[str, Any]]:
        body = {
            "owner": "public",
            "query": dict(STRUCTURE),
            "pagination": {"page_size": ALL},
            "required": required,
        }
        base = self.urls[name]
        request = httpx.Request("POST", base + path, json=body, extensions=_PATIENCE)
        response = await self.lines[name].handle_async_request(request)
        await response.aread()
        assert response.status_code == httpx.codes.OK, response.text[:500]
        data: list[dict[str, Any]] = response.json()["data"]
        return data


_PATIENCE = {"timeout": httpx.Timeout(120).as_dict()}


def open_sites(oases: str | None) -> Sites:
    """Real sites by their API addresses, separated by commas; None: those of the demo."""
    if oases is None:
        apps = {one.name: create_demo_oasis(one.name, path=OASIS_PATH) for one in DEMO_SITES}
        urls = {name: f"http://{name}.test{OASIS_PATH}/api/v1" for name in apps}
        return Sites(urls, {name: Line(httpx.ASGITransport(app)) for name, app in apps.items()})
    urls = {f"oasis{at}": url for at, url in enumerate(oases.split(","), 1)}
    return Sites(urls, {name: Line(httpx.AsyncHTTPTransport()) for name in urls})


def hiding(entry_ids: Sequence[str]) -> Callable[[Asked], None]:
    """What makes a site answer as if it did not have these entries."""
    without = [
        {"not": {"entry_id:any": list(entry_ids[at : at + CHUNK])}}
        for at in range(0, len(entry_ids), CHUNK)
    ]

    def rewrite(asked: Asked) -> None:
        if "query" in asked.body and without:
            own = [asked.body["query"]] if asked.body["query"] else []
            asked.body["query"] = {"and": [*own, *without]}

    return rewrite

"""One fault in one phase: what every answer must be, and that nothing is lost in the end."""

import asyncio
import re
import time
from dataclasses import dataclass, field

import httpx

from tests.faults.gateways import Document, ids_of, states_of, warnings_of
from tests.faults.proxy import Phase, Proxy, make_faults
from tests.faults.table import Row

HIT_ALONE: tuple[Phase, ...] = ("keys", "bodies", "count")
BACK_S = 100
"""So long after its return a site is asked again at the latest."""
ENDLESS = "the first page for ever"


@dataclass(frozen=True)
class Ground:
    """What is asked, and what all sites together hold of it, in order."""

    url: str
    every: tuple[str, ...]
    bad: str
    """The site that fails."""
    limit: int
    offset: int
    """So far within the other sites' entries that it has to be found by counting."""
    longest_s: float
    """The budget, and patience with a busy machine."""
    others: frozenset[str] = frozenset({"ok"})
    """States that the other sites may have."""

    @property
    def good(self) -> tuple[str, ...]:
        return tuple(one for one in self.every if not one.startswith(f"{self.bad}~"))


@dataclass
class Cell:
    """One fault in one phase, against a gateway of its own."""

    row: Row
    phase: str
    client: httpx.AsyncClient
    proxy: Proxy
    ground: Ground
    seen: list[str] = field(default_factory=list)

    @property
    def expected(self) -> str:
        return self.row.outcomes[self.phase]

    async def try_it(self) -> None:
        match self.phase:
            case "entry":
                await self.try_entry()
            case "count":
                await self.try_offset()
            case "later":
                await self.try_walk(begin=1)
            case _:
                await self.try_walk(begin=0)

    async def break_it(self) -> None:
        if self.row.fault == "refuse":
            await self.proxy.refuse()
        else:
            phases = tuple(one for one in HIT_ALONE if one == self.phase)
            self.proxy.break_with(make_faults()[self.row.fault], *phases)

    async def heal(self) -> None:
        await self.proxy.listen()
        self.proxy.break_with(None)

    async def get(self, url: str) -> httpx.Response:
        began = time.monotonic()
        response = await self.client.get(url)
        assert time.monotonic() - began < self.ground.longest_s
        assert response.status_code in (200, 503), response.text
        return response

    async def try_entry(self) -> None:
        await self.break_it()
        ground = self.ground
        wanted = next(one for one in ground.every if one.startswith(ground.bad))
        bad = f"/v1/structures/{wanted}"
        response = await self.get(bad)
        if self.expected == "failed":
            self.check_503(response)
        else:
            assert response.json()["data"]["id"] == wanted
        good = (await self.get(f"/v1/structures/{ground.good[0]}")).json()
        assert good["data"]["id"] == ground.good[0]
        await self.heal()
        assert (await self.until_back(bad))["data"]["id"] == wanted

    async def try_offset(self) -> None:
        await self.break_it()
        ground, limit, offset = self.ground, self.ground.limit, self.ground.offset
        page = (await self.get(f"{ground.url}&page_offset={offset}")).json()
        if self.expected == "ok":
            if self.row.fault.startswith(("total", "the first")):
                return  # a wrong total that could be right is believed where it stands alone
            assert ids_of(page) == list(ground.every[offset : offset + limit])
            return
        self.check_page(page, "failed")
        assert ids_of(page) == list(ground.good[offset : offset + limit])
        await self.heal()
        self.seen = ids_of(page)
        await self.follow(page["links"].get("next"))
        behind = ground.every[ground.every.index(ground.good[offset - 1]) + 1 :]
        assert sorted(self.seen) == sorted(behind)

    async def try_walk(self, *, begin: int) -> None:
        url: str | None = self.ground.url
        if self.phase == "bodies":  # the same order, of which no site's part is known: keys first
            url += "&sort=immutable_id"
        last, number = "ok", 0
        while url is not None:
            if number == begin:
                await self.break_it()
            response = await self.get(url)
            if response.status_code == 503:
                self.check_503(response)
                last = "failed"
                break
            page = response.json()
            last = states_of(page)[self.ground.bad]
            self.check_page(page, last)
            if self.expected == "failed" and number == begin and self.row.fault != ENDLESS:
                good = [one for one in self.ground.good if one not in self.seen]
                assert ids_of(page) == good[: self.ground.limit], (
                    "the others' entries are not all there"
                )
            self.seen += ids_of(page)
            url, number = page["links"].get("next"), number + 1
        assert last == self.expected
        await self.heal()
        if url is not None:
            await self.follow(url)
        assert len(self.seen) == len(set(self.seen)), "an entry came twice"
        assert sorted(self.seen) == sorted(self.ground.every), "an entry is lost"

    async def follow(self, url: str | None) -> None:
        """To the end, now that the site is back."""
        while url is not None:
            page = await self.until_back(url)
            self.seen += ids_of(page)
            assert page["meta"]["data_returned"] == len(self.ground.every)
            url = page["links"].get("next")

    async def until_back(self, url: str) -> Document:
        async with asyncio.timeout(BACK_S):
            while (response := await self.get(url)).status_code == 503:
                await asyncio.sleep(0.5)
        page: Document = response.json()
        return page

    def check_page(self, page: Document, state: str) -> None:
        """What every page says, whatever the state of the one site."""
        assert "errors" not in page
        assert page["meta"]["data_returned"] == len(self.ground.every)
        others = {
            name: logged for name, logged in states_of(page).items() if name != self.ground.bad
        }
        assert set(others.values()) <= self.ground.others, "another site was harmed"
        missing = warnings_of(page, "site_failed")
        assert [self.ground.bad in one for one in missing] == ([True] if state == "failed" else [])
        if state == "failed":
            assert re.search(self.row.reason, missing[0]), missing[0]
            assert "links.next keeps its place" in missing[0]
        partial = warnings_of(page, "site_partial")
        assert {self.ground.bad in one for one in partial} == (
            {True} if state == "partial" else set()
        )  # on a busy machine some archives are late and others unreadable: two warnings

    def check_503(self, response: httpx.Response) -> None:
        """The site is named with its reason; another one only if a busy machine left it no time."""
        assert response.status_code == 503
        (error,) = response.json()["errors"]
        assert self.ground.bad in error["detail"]
        for other in {one.partition("~")[0] for one in self.ground.good}:
            for reason in re.findall(rf"{other}: ([^;]*)", error["detail"]):
                assert "no time was left" in reason, error["detail"]
        assert re.search(self.row.reason, error["detail"]), error["detail"]
        assert 1 <= int(response.headers["retry-after"]) <= 60

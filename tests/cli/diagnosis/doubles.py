"""A network of doubles: what stands at which address, for whatever asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson

from gateway.fetch.http.reachability import Reached, Trouble, Unreachable
from gateway.model import JsonObject, Site

INFO = {"parsers": [], "metainfo_packages": [], "version": "2.0.0", "deployment": "oasis1"}
COUNT = {"pagination": {"page_size": 0, "total": 7}, "data": []}


def json_answer(content: object, status: int = 200) -> Reached:
    return Reached("", status, "application/json", orjson.dumps(content))


def page(body: str, status: int = 200) -> Reached:
    return Reached("", status, "text/html", body.encode())


def redirect(location: str, status: int = 302) -> Reached:
    return Reached("", status, "text/html", b"", location)


def nomad(api: str, **info: object) -> dict[str, Reached]:
    """What a NOMAD answers below that address of its API."""
    return {
        f"{api}/info": json_answer({**INFO, **info}),
        f"{api}/entries/query": json_answer(COUNT),
    }


@dataclass
class Network:
    """Answers by address; by `scheme://host`, what happens at all others there."""

    answers: Mapping[str, Reached | Trouble]
    asked: list[str] = field(default_factory=list)

    async def ask(self, site: Site, path: str, content: JsonObject | None) -> Reached | Unreachable:
        del content
        url = site.url + path
        self.asked.append(url)
        origin = "/".join(url.split("/")[:3])
        found = self.answers.get(url, self.answers.get(origin, "dns"))
        if isinstance(found, Reached):
            return replace(found, url=url)
        return Unreachable(url, found, f"it is {found}")

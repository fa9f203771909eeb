"""Sites whose uploads are copies of each other in every way, and what they hold all together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from gateway.model import STRUCTURES, SearchAnswer, SearchRequest
from gateway.search import Federation
from tests.whole.oases import DemoLine, Opened, make_line, opened

OLD, NEW = "2020-01-01T00:00:00", "2024-01-01T00:00:00"


def upload(upload_id: str, ids: str, **changes: Any) -> list[DemoLine]:
    """One entry for each letter."""
    return [make_line(f"{upload_id}-{i}", upload_id=upload_id, **changes) for i in ids]


LINES = {
    "berlin": [
        *upload("own1", "abc"),
        *upload("whole", "abcdef"),
        *upload("part", "abcd"),
        *upload("differ", "abcd", nelements=5),
        *upload("secret", "ab", with_embargo=True),
        *upload("anew", "abc", last_processing_time=OLD, nsites=7),
    ],
    "dresden": [
        *upload("own2", "abcd"),
        *upload("whole", "abcdef", upload_create_time=NEW),
        *upload("part", "ab"),
        *upload("differ", "cdef", nelements=6),
        *upload("secret", "ab"),
    ],
    "munich": [
        *upload("own3", "ab"),
        *upload("whole", "abcdef", upload_create_time=OLD),
        *upload("part", "cdef"),
        *upload("secret", "ab"),
        *upload("anew", "abc", last_processing_time=NEW, nsites=8),
    ],
}
SORTS = ((), (("nsites", True),), (("id", False),), (("last_modified", False),))
ALL = sorted(
    {
        line["metadata"]["entry_id"]
        for held in LINES.values()
        for line in held
        if not line["metadata"]["with_embargo"]
    }
)


def ids_at(site: str) -> set[str]:
    return {
        line["metadata"]["entry_id"] for line in LINES[site] if not line["metadata"]["with_embargo"]
    }


@asynccontextmanager
async def oases(
    lines: Mapping[str, list[DemoLine]] = LINES,
    *,
    timeouts: Mapping[str, float] | None = None,
    **keys: Any,
) -> AsyncIterator[Opened]:
    sections: dict[str, Any] = {"copies": {"refresh_s": 3600, **keys}}
    if timeouts is not None:
        sections["timeouts"] = timeouts
    async with opened(lines, **sections) as one:
        await one.federation.wait_for_copies()
        one.forget()
        yield one


def request(**changes: Any) -> SearchRequest:
    wanted = {"page_limit": 4, "response_fields": ("immutable_id", "nsites")} | changes
    return SearchRequest(STRUCTURES, **wanted)


def keys(answer: SearchAnswer) -> list[str]:
    return [one.id.partition("~")[2] for one in answer.resources]


async def walk(federation: Federation, first: SearchRequest) -> list[SearchAnswer]:
    answers = [await federation.search(first)]
    while (link := answers[-1].next) is not None:
        answers.append(await federation.search(replace(first, cursor=link.cursor)))
    return answers

"""What the gateway asked of its sites for one page, recorded and asked again without it.

Requests that had no need to wait for one another make a wave; a wave takes as long as its slowest
request, a page as long as its waves.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

from tests.bench.delaying_proxy import Passed
from tests.bench.gateway_process import NO_CACHE, gateway
from tests.bench.processes import distant
from tests.bench.wire import Address, Wires

OWN_MARK = "x-request-id:"
"""Only what is asked for a caller has it; the background look has not."""


@dataclass(frozen=True, slots=True)
class Question:
    """A page's target at the gateway, and the native requests it takes: wave, site, bytes."""

    target: str
    waves: tuple[tuple[tuple[int, bytes], ...], ...]


def record(urls: Sequence[str], filters: Sequence[str]) -> list[Question]:
    """The native requests of each filter's first page, as this gateway makes them."""
    questions = []
    with (
        distant(urls, round_trip_s=0) as between,
        gateway(between.urls, environment=NO_CACHE) as own,
        httpx.Client(timeout=60) as client,
    ):
        for text in filters:
            target = "/v1/structures?" + urlencode({"filter": text, "page_limit": 20})
            client.get(own.url + target).raise_for_status()  # connections are warm then
            between.seen()
            client.get(own.url + target).raise_for_status()
            questions.append(Question(target, _waves(between.seen().requests)))
    return questions


def _waves(passed: Sequence[Passed]) -> tuple[tuple[tuple[int, bytes], ...], ...]:
    asked = [one for one in passed if OWN_MARK in one.request.lower()]
    depths: list[int] = []
    for one in asked:
        before = [d for other, d in zip(asked, depths, strict=False) if other.end <= one.start]
        depths.append(1 + max(before, default=-1))
    waves: list[list[tuple[int, bytes]]] = [[] for _ in range(max(depths, default=-1) + 1)]
    for one, depth in zip(asked, depths, strict=True):
        waves[depth].append((one.server, one.request.encode("latin-1")))
    return tuple(tuple(wave) for wave in waves)


class Replayer:
    """Asks the sites themselves, over kept connections."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._wires = [Wires(Address.of(url)) for url in urls]

    async def ask(self, question: Question) -> None:
        """All waves of a question, one after another."""
        for wave in question.waves:
            answers = await asyncio.gather(*(self._wires[site].ask(raw) for site, raw in wave))
            if any(answer.status != 200 for answer in answers):
                raise RuntimeError(f"replay of {question.target}: {answers}")

    def close(self) -> None:
        """End all connections."""
        for wires in self._wires:
            wires.close()

"""Archives by entry_id that several requests want of a site at a time: one request for all of them.

ArchiveQuery downloads eight times ten ids at a time, and what such a request costs a NOMAD is more
the request than its ten archives. While two are under way at a site, the ids of others that ask the
same of other entries are gathered, and go out together. Beside one that is under way, few ids wait
a moment for more: who has just been answered asks again at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.model import JsonObject

AT_ONCE = 2
"""Requests of one kind under way at a site."""
MOST = 60
"""Entries of one request."""
FEW, MOMENT_S = 20, 0.02
"""So many entries go out at once; fewer wait so long where a request is under way."""

Key: TypeAlias = tuple[str, bytes]
"""A site, and what is asked of it beside the ids."""
Found: TypeAlias = "BatchAnswer | Exception"


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """One site's answer to a request for the entries of several."""

    documents: Sequence[JsonObject]
    total: int
    echo: JsonObject


Ask: TypeAlias = Callable[[Collection[str]], Awaitable[BatchAnswer]]


@dataclass(slots=True)
class _Waiting:
    ids: tuple[str, ...]
    ask: Ask
    answer: "asyncio.Future[Found]"


@dataclass(slots=True)
class _Line:
    """Requests of one kind to one site."""

    waiting: list[_Waiting] = field(default_factory=list)
    under_way: int = 0
    timer: asyncio.TimerHandle | None = None


class Batches:
    """What is asked of all sites at a time."""

    def __init__(self) -> None:
        self._lines: defaultdict[Key, _Line] = defaultdict(_Line)
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, key: Key, ids: Sequence[str], ask: Ask) -> BatchAnswer:
        """The answer for these entries and perhaps others; raises SiteError.

        `ask` is used for the others as well: what it needs must not end with its caller.
        """
        one = _Waiting(tuple(ids), ask, asyncio.get_running_loop().create_future())
        line = self._lines[key]
        line.waiting.append(one)
        self._send(key, line)
        found = await one.answer
        if isinstance(found, Exception):
            raise found
        return found

    def _send(self, key: Key, line: _Line) -> None:
        while line.waiting and line.under_way < AT_ONCE and self._is_time(key, line):
            self._send_one(key, line)
        if not line.waiting and not line.under_way:
            self._lines.pop(key, None)

    def _send_one(self, key: Key, line: _Line) -> None:
        batch = [line.waiting.pop(0)]
        count = len(batch[0].ids)
        while line.waiting and count + len(line.waiting[0].ids) <= MOST:
            count += len(line.waiting[0].ids)
            batch.append(line.waiting.pop(0))
        line.under_way += 1
        task = asyncio.create_task(self._answer(key, line, batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_time(self, key: Key, line: _Line) -> bool:
        """Whether what waits goes out now; else it will in a moment."""
        if not line.under_way or sum(len(one.ids) for one in line.waiting) >= FEW:
            return True
        if line.timer is None:
            loop = asyncio.get_running_loop()
            line.timer = loop.call_later(MOMENT_S, self._send_few, key, line)
        return False

    def _send_few(self, key: Key, line: _Line) -> None:
        line.timer = None
        if line.waiting and line.under_way < AT_ONCE:
            self._send_one(key, line)

    async def _answer(self, key: Key, line: _Line, batch: list[_Waiting]) -> None:
        ids = dict.fromkeys(entry_id for one in batch for entry_id in one.ids)
        found: Found
        try:
            found = await batch[-1].ask(ids)
        except Exception as error:  # noqa: BLE001  # each of its callers gets it; none waits on
            found = error
        finally:
            line.under_way -= 1
        for one in batch:
            if not one.answer.done():  # its caller may have left
                one.answer.set_result(found)
        self._send(key, line)
